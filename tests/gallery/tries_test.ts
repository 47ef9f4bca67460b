// Three real api processes with real workers and two real gallery processes, on one database. Strangers
// try to be recognised as one user, while replicas are killed.

import { assert, assertEquals } from "@std/assert";
import { labelledPhotos } from "../accuracy/labelled_photos.ts";
import type { Answer } from "../support/answer.ts";
import { installGallery } from "../support/gallery_service.ts";
import { needs } from "../support/needs.ts";
import { type Picture, sample } from "../support/pictures.ts";
import { startPostgres } from "../support/postgres.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { Service } from "../support/service.ts";
import { walk } from "../support/walk.ts";

const STRANGERS = 60;
const FREE = 5, LOCK_AFTER = 50, WAIT_MS = 30_000;
/** Numbers of decisions after which a process is killed. */
const KILLS: Readonly<Record<number, "first gallery" | "second gallery" | "api">> = {
  3: "second gallery",
  18: "api",
  33: "first gallery",
};

/** Returns the part of an answer that can tell something about the user. */
function told({ status, headers, text }: Answer): unknown {
  const { code, matched, title, detail } = JSON.parse(text);
  const seconds = headers.get("Retry-After");
  const wait = seconds === null ? null : Number(seconds) >= 1 && Number(seconds) <= WAIT_MS / 1000;
  const length = Number(headers.get("Content-Length"));
  const names = [...headers.keys()].filter((name) => name !== "date");
  return { status, code, matched, title, detail, wait, names, ...(status !== 200 && { length }) };
}

const isDecided = ({ status, text }: Answer) => status === 200 && !JSON.parse(text).matched;
const codeOf = ({ text }: Answer): string | undefined => JSON.parse(text).code;

/** Returns the items in an order that is the same in every run. */
function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const random = seededRandom(seed);
  return items.map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at).map(({ item }) => item);
}

needs("postgres", "photos")(
  "5 of 60 strangers are decided freely, then one in 30 s, then none, whoever is asked and killed",
  async () => {
    await using server = await startPostgres();
    const database = await server.newDatabase();
    await using installation = await installGallery(database);
    await using started = new AsyncDisposableStack();
    const galleries = [0, 1].map(() => started.use(installation.start()));
    await Promise.all(galleries.map((gallery) => gallery.untilReady()));
    const startApi = (i: number) =>
      started.use(
        new Service({
          ...installation.apiEnv(galleries[i === 0 ? 0 : 1]!),
          POOL_SIZE: "1",
          REQUESTS_PER_WORKER: "1000",
        }),
      );
    const apis = [0, 1, 2].map(startApi);
    await Promise.all(apis.map((api) => api.untilReady()));

    const put = await apis[0]!.get("/users/user1", {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: "User One" }),
    });
    assertEquals(put.status, 201, put.text);
    const added = await apis[0]!.get("/users/user1/templates", {
      method: "POST",
      body: await sample("user1.png"),
    });
    assertEquals(added.status, 201, added.text);

    const ask = (i: number, picture: Picture, query: Record<string, string>) =>
      apis[i % apis.length]!.post(picture, { query });
    /** Moves the clock of the store: what has failed is longer ago. */
    const pass = (ms: number) =>
      server.query(database, `UPDATE gallery_tries SET failed_at = failed_at - ${ms}`);
    const kill = async (what: string) => {
      const i = what === "first gallery" ? 0 : 1;
      const killed = what === "api" ? apis[0]! : galleries[i]!;
      const { port } = killed.url;
      await killed.processes();
      killed.kill("SIGKILL");
      await killed.exitCode();
      await killed.leavesNothing();
      if (what === "api") apis[0] = startApi(0);
      else galleries[i] = started.use(installation.start({ PORT: port }));
      await (what === "api" ? apis[0]! : galleries[i]!).untilReady();
    };

    /** Pictures with a face, each tried once on another user. */
    const strangers: Picture[] = [];
    for (
      const path of shuffled((await Array.fromAsync(walk(labelledPhotos().photos))).toSorted(), 5)
    ) {
      if (strangers.length === STRANGERS) break;
      const picture = await Deno.readFile(path);
      const query = { user_id: `somebody ${strangers.length}`, client_ref: path.slice(-99) };
      if (isDecided(await ask(strangers.length, picture, query))) strangers.push(picture);
    }
    assertEquals(strangers.length, STRANGERS);

    const genuine = await sample("user1_similar.png");
    const sequences: unknown[][] = [];
    for (const userId of ["user1", "nobody"]) {
      const query = { user_id: userId, client_ref: "front door" };
      const sequence: unknown[] = [];
      let decided = 0;
      for (const [i, picture] of shuffled(strangers, 6).entries()) {
        const answers = [await ask(i, picture, query)];
        const [first] = answers;
        if (decided < FREE) assert(isDecided(first!), first!.text);
        else if (decided < LOCK_AFTER) {
          assertEquals(codeOf(first!), "too_many_attempts");
          // The right face learns nothing either.
          assertEquals(told(await ask(i + 1, genuine, query)), told(first!));
          await pass(WAIT_MS);
          // All replicas at the same time: exactly one decides.
          const together = await Promise.all([0, 1, 2].map((i) => ask(i, picture, query)));
          assertEquals(together.filter(isDecided).length, 1);
          answers.push(...together.toSorted((a, b) => a.status - b.status));
        } else assertEquals(codeOf(first!), "locked");
        sequence.push(answers.map(told));
        const before = decided;
        decided += answers.filter(isDecided).length;
        const killed = decided > before ? KILLS[decided] : undefined;
        if (killed !== undefined) await kill(killed);
      }
      assertEquals(decided, LOCK_AFTER);
      sequences.push(sequence);
      assertEquals(codeOf(await ask(0, genuine, query)), "locked");
      // Another client of the application, and one without a name.
      for (const other of [{ ...query, client_ref: "desk" }, { user_id: userId }]) {
        const { status, text } = await ask(1, genuine, other);
        assertEquals([status, JSON.parse(text).matched], [200, userId === "user1"], text);
      }
    }
    assertEquals(sequences[0], sequences[1]);

    const user = await apis[1]!.get("/users/user1");
    assertEquals(JSON.parse(user.text).locked, true);
    for (const userId of ["user1", "nobody"]) {
      const unlocked = await apis[2]!.get(`/users/${userId}/unlock`, { method: "POST" });
      assertEquals([unlocked.status, unlocked.text], [204, ""]);
      const query = { user_id: userId, client_ref: "front door" };
      const { text } = await ask(0, genuine, query);
      assertEquals(JSON.parse(text).matched, userId === "user1");
    }

    // A gallery that dies while it decides: every answer that a client got is counted.
    const query = { user_id: "user1", client_ref: "back door" };
    const pending = Promise.allSettled(
      strangers.slice(0, FREE).map((picture, i) => ask(i, picture, query)),
    );
    await kill("first gallery");
    const answers = (await pending).flatMap((result) =>
      result.status === "fulfilled" ? [result.value] : []
    );
    let decided = answers.filter(isDecided).length;
    while (decided <= FREE) {
      const answer = await ask(1, strangers[0]!, query);
      if (!isDecided(answer)) break;
      decided++;
    }
    assert(decided <= FREE, `${decided} strangers were decided freely`);
  },
);
