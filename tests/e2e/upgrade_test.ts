import { assert, assertEquals } from "@std/assert";
import { delay } from "../../shared/backoff.ts";
import { eventually } from "../support/eventually.ts";
import { forever } from "../support/forever.ts";
import { helm } from "../support/helm.ts";
import { sample } from "../support/pictures.ts";
import type { Answer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { needs } from "../support/needs.ts";
import { openRelease, type Release, SAMPLE_GALLERY } from "./release.ts";

const POOL_SIZE = 4;
/** Requests that measure how fast the pool is refilled. */
const BURST = 12;
/** Requests of the load that may wait for an answer. On a slow node, the load then becomes slower. */
const MAX_WAITING = 2;
/** The longest time for a request: this test is about refusals during a rollout, not about speed. */
const PATIENT = "limits.requestTimeoutMs=12000";
/** A rollback removes the gallery service at once, and the old apis need it until their end. */
const ROLLBACK = "a rollback";
const AFTER = "after the rollback";
/**
 * Changes after which an api uses workers of another kind. Both kinds start side by side, so a request
 * of an old api can find no worker for a moment.
 */
const OTHER_KIND = ["a gallery that has moved into the gallery service", ROLLBACK];
/** Requests that find no worker in each of these changes. */
const REFUSALS_OF_KIND = 2;
/** Share of all requests that find no gallery in a rollback. */
const MOST_WITHOUT_GALLERY = 0.25;
/** Longest time until a replaced replica of the api is gone. */
const END_TIMEOUT_MS = 60_000;
/** Longest time to answer the burst. */
const BURST_TIMEOUT_MS = 180_000;

/** A request that was answered. */
interface Asked {
  /** Time at which the request was sent, by the monotonic clock. */
  readonly at: number;
  readonly answer: Answer;
}

needs("helm", "node")("upgrades under load", async (t) => {
  await using release = await openRelease(SAMPLE_GALLERY, PATIENT, `poolSize=${POOL_SIZE}`);
  const picture = await sample("user1_similar.png");
  await release.untilFull(POOL_SIZE);
  await release.untilServing();
  // A third of the measured rate: the node can become slower while the test runs, and a rollout
  // ends only when all workers are free at the same time.
  const load = new Load(() => release.post(picture), 3 * await refillMs(release, picture));
  await release.untilFull(POOL_SIZE);

  const secret = ["gallery.secrets={people}", `poolSize=${POOL_SIZE}`];
  const moved = ["gallery.importSecrets={people}", `poolSize=${POOL_SIZE}`];
  const upgrades: [change: string, set: string[], name: string | undefined][] = [
    ["a threshold", [SAMPLE_GALLERY, "threshold=1", `poolSize=${POOL_SIZE}`], undefined],
    ["a larger pool", [SAMPLE_GALLERY, `poolSize=${POOL_SIZE + 2}`], "User One"],
    ["a smaller pool", [SAMPLE_GALLERY, `poolSize=${POOL_SIZE - 1}`], "User One"],
    ["a gallery", secret, "Somebody Else"],
    ["a gallery that has changed in its Secret", secret, "Nobody Else"],
    ["a gallery that has moved into the gallery service", moved, "Nobody Else"],
  ];
  load.start();
  const steps: [at: number, change: string][] = [];
  for (const [change, set, name] of upgrades) {
    await t.step(`${change} is in effect once it is rolled out`, async () => {
      steps.push([performance.now(), change]);
      if (set === secret) await putGallery(release, name!);
      await release.upgrade(PATIENT, ...set);
      await release.rolledOut();
      assertNames(await load.since(performance.now(), 3), name);
    });
  }
  await t.step(`${ROLLBACK} is in effect once it is rolled out`, async () => {
    steps.push([performance.now(), ROLLBACK]);
    // Revision 2 is the first upgrade, with a threshold that nobody reaches.
    const { ok, text } = await helm(["rollback", release.release, "2"]);
    assert(ok, text);
    await release.rolledOut();
    await untilOldApisAreGone(release);
    steps.push([performance.now(), AFTER]);
    assertNames(await load.since(performance.now(), 3), undefined);
  });
  const asked = await load.stop();
  await t.step(
    "few requests were refused, at most one in twenty of most changes, and none failed",
    () => {
      const others = asked.filter(({ answer }) => answer.status !== 200);
      for (const { answer } of others) {
        const { code } = JSON.parse(answer.text);
        assert(["no_worker_available", "gallery_unavailable"].includes(code), answer.text);
        assertProblem(answer, code);
        assert(Number(answer.headers.get("Retry-After")) >= 1);
      }
      const refused = others.map(({ at, answer }) => ({
        change: steps.findLast(([begun]) => begun <= at)?.[1] ?? "",
        code: JSON.parse(answer.text).code,
      }));
      const told = `of ${asked.length}: ${JSON.stringify(refused)}`;
      const withoutGallery = refused.filter(({ change, code }) =>
        change === ROLLBACK && code === "gallery_unavailable"
      );
      assert(withoutGallery.length <= asked.length * MOST_WITHOUT_GALLERY, told);
      const rest = refused.filter((one) => !withoutGallery.includes(one));
      for (const kind of OTHER_KIND) {
        assert(rest.filter(({ change }) => change === kind).length <= REFUSALS_OF_KIND, told);
      }
      const ordinary = rest.filter(({ change }) => !OTHER_KIND.includes(change));
      assert(ordinary.length <= asked.length * 0.05, told);
      const after = ordinary.filter(({ change }) => change === AFTER);
      assert(after.every(({ code }) => code !== "gallery_unavailable"), told);
    },
  );
});

/** Waits until the pods of replicas of the api that were replaced are gone. */
async function untilOldApisAreGone({ client, api }: Release): Promise<void> {
  await eventually(
    async () =>
      (await client.list("Pod", api)).every(({ metadata }) =>
        metadata.deletionTimestamp === undefined
      ),
    "no pod of the api is ending",
    END_TIMEOUT_MS,
  );
}

/** Sends requests at a steady pace, as long as few of them wait for an answer. */
class Load {
  readonly #asked: Promise<Asked>[] = [];
  readonly #stop = new AbortController();
  #waiting = 0;
  #asking = Promise.resolve();

  constructor(readonly ask: () => Promise<Answer>, readonly everyMs: number) {}

  start(): void {
    this.#asking = (async () => {
      while (!this.#stop.signal.aborted) {
        if (this.#waiting < MAX_WAITING) this.#asked.push(this.#askOnce());
        await delay(this.everyMs, forever());
      }
    })();
  }

  async #askOnce(): Promise<Asked> {
    const at = performance.now();
    this.#waiting++;
    try {
      return { at, answer: await this.ask() };
    } finally {
      this.#waiting--;
    }
  }

  /** Waits for `count` answers to requests that were sent since `moment`, and returns them. */
  async since(moment: number, count: number): Promise<Answer[]> {
    for (;;) {
      const asked = await Promise.all(this.#asked);
      const since = asked.filter(({ at }) => at >= moment);
      if (since.length >= count) return since.map(({ answer }) => answer);
      await delay(this.everyMs, forever());
    }
  }

  async stop(): Promise<Asked[]> {
    this.#stop.abort();
    await this.#asking;
    return await Promise.all(this.#asked);
  }
}

/** Checks the name of the recognised user in every answer; undefined when nobody was recognised. */
function assertNames(answers: readonly Answer[], name: string | undefined): void {
  const answered = answers.filter(({ status }) => status === 200);
  assert(answered.length > 0);
  for (const { text } of answered) assertEquals(JSON.parse(text).user_name, name);
}

/** Measures the milliseconds from one replaced worker to the next, under steady requests. */
async function refillMs({ post }: Release, picture: Uint8Array): Promise<number> {
  const started = performance.now();
  let left = BURST;
  await Promise.all(Array.from({ length: POOL_SIZE }, async () => {
    while (left > 0) {
      assert(performance.now() < started + BURST_TIMEOUT_MS, `${left} requests got no worker`);
      const answer = await post(picture);
      if (answer.status === 200) {
        left--;
        continue;
      }
      // On a busy node, a burst can be faster than the pool is refilled. That is no fault.
      assertProblem(answer, "no_worker_available");
      await delay(Number(answer.headers.get("Retry-After")) * 1000, forever());
    }
  }));
  return Math.round((performance.now() - started) / (BURST - POOL_SIZE));
}

/** Puts the sample gallery into a Secret, with another name for its first user. */
async function putGallery({ client, worker }: Release, name: string): Promise<void> {
  const gallery = await Deno.readTextFile("test-data/embeddings.json");
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "people", namespace: worker },
    stringData: { "gallery.json": gallery.replace("User One", name) },
  };
  const exists = await client.get("Secret", "people", worker);
  if (exists) await client.patch("Secret", "people", worker, { stringData: secret.stringData });
  else await client.create(secret);
}
