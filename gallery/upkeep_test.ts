import { assert, assertEquals } from "@std/assert";
import { newTemplate } from "../tests/support/gallery_store.ts";
import { temporaryFolder } from "../tests/support/temporary_folder.ts";
import { createFakeLog } from "../shared/fake_log.ts";
import { CALLS } from "./fake_caller.ts";
import { face, photo } from "./fake_faces.ts";
import { type FakeReplica, installFake, withMethods } from "./fake_gallery.ts";
import { openStore } from "./store/open_store.ts";
import { type GalleryStore, StoreUnavailable } from "./store/store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../shared/template_keys.ts";
import { keepUp } from "./upkeep.ts";

/** Lets a test decide when each kind of work is done again. */
function createRounds() {
  const waits: { readonly ms: number; readonly next: () => void }[] = [];
  const arrived = new Set<() => void>();
  return {
    delay(ms: number, signal: AbortSignal): Promise<void> {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      waits.push({ ms, next: resolve });
      for (const wake of arrived) wake();
      return promise;
    },
    /** Resolves when work with this pause has been done, and lets it be done again. */
    async next(ms: number): Promise<void> {
      for (;;) {
        const found = waits.findIndex((wait) => wait.ms === ms);
        if (found >= 0) return waits.splice(found, 1)[0]!.next();
        const { promise, resolve } = Promise.withResolvers<void>();
        arrived.add(resolve);
        await promise;
        arrived.delete(resolve);
      }
    },
  };
}

function start(replica: FakeReplica, store?: GalleryStore) {
  const { log, lines } = createFakeLog();
  const rounds = createRounds();
  const stop = new AbortController();
  const gallery = store === undefined ? replica.gallery : { ...replica.gallery, store };
  const ended = keepUp(gallery, {
    log,
    metrics: replica.metrics,
    watch: replica.watch,
    checkpoints: { writeIfDue: () => Promise.resolve() },
    now: () => 0,
    delay: rounds.delay,
    signal: stop.signal,
  });
  return {
    rounds,
    lines,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}

Deno.test("an idle replica follows the changes of others", async () => {
  await using installation = await installFake();
  const a = await installation.replica(), b = await installation.replica();
  await using upkeep = start(b);
  await upkeep.rounds.next(1000);
  await a.call(CALLS.putUser("user1", { name: "User One" }));
  await a.call(CALLS.addTemplate("user1", face(0), photo(0)));
  await upkeep.rounds.next(1000);
  await upkeep.rounds.next(1000);
  assertEquals(b.gallery.follower.target.count(), { users: 1, templates: 1 });
  assert((await b.metrics.text()).includes("face_it_gallery_catch_up_seconds_count"));
});

Deno.test("a store that is away is logged once, and once when it is back", async () => {
  await using installation = await installFake();
  let away = false;
  const replica = await installation.replica({
    async changesSince(position) {
      if (away) throw new StoreUnavailable("away");
      return await installation.store.changesSince(position);
    },
  });
  await using upkeep = start(replica);
  const before = installation.lines.length;
  for (const isAway of [true, true, true, false, false]) {
    await upkeep.rounds.next(1000);
    away = isAway;
  }
  await upkeep.rounds.next(1000);
  const messages = installation.lines.slice(before).map(({ msg }) => msg);
  assertEquals(messages, [
    "the gallery's database is away",
    "the gallery's database answers again",
  ]);
  assertEquals((await replica.get("/ready")).status, 200);
});

Deno.test("expired users are deleted every hour", async () => {
  await using installation = await installFake();
  const { clock } = installation;
  const replica = await installation.replica();
  await using upkeep = start(replica);
  const expires_at = new Date(clock.now + 1000).toISOString();
  await replica.call(CALLS.putUser("user1", { name: "User One", expires_at }));
  clock.now += 3_600_000;
  await upkeep.rounds.next(3_600_000);
  await upkeep.rounds.next(3_600_000);
  assertEquals(upkeep.lines.filter(({ msg }) => msg === "expired users deleted").length, 1);
});

Deno.test("templates of an older key are encrypted again, until none is left", async () => {
  await using folder = await temporaryFolder();
  const older = makeTemplateKey(), newer = makeTemplateKey();
  const location = folder.path("gallery");
  {
    await using store = await openStore(location, { keys: parseTemplateKeys(older) });
    for (let i = 0; i < 120; i++) {
      const key = { collection: "default", userId: `user${i}` };
      await store.putUser(key, { name: "N" });
      await store.addTemplate(key, newTemplate(i));
    }
  }
  {
    await using store = await openStore(location, { keys: parseTemplateKeys(newer + older) });
    await using installation = await installFake();
    const encrypted: number[] = [];
    const done = Promise.withResolvers<void>();
    const counting = withMethods(store, {
      async reencrypt(limit) {
        const count = await store.reencrypt(limit);
        encrypted.push(count);
        if (count === 0) done.resolve();
        return count;
      },
    });
    await using upkeep = start(await installation.replica(), counting);
    for (let i = 0; i < 3; i++) await upkeep.rounds.next(100);
    await done.promise;
    assertEquals(encrypted, [50, 50, 20, 0]);
  }
  // The older key is no longer needed.
  await using store = await openStore(location, { keys: parseTemplateKeys(newer) });
  assertEquals((await store.countByModel("default"))[0]?.templates, 120);
});

Deno.test("an unexpected failure of the upkeep is logged, and the work goes on", async () => {
  await using installation = await installFake();
  let purges = 0;
  const replica = await installation.replica({
    async purge() {
      if (++purges === 1) throw new RangeError("bug");
      return await installation.store.purge();
    },
  });
  await using upkeep = start(replica);
  await upkeep.rounds.next(3_600_000);
  await upkeep.rounds.next(3_600_000);
  assert(purges >= 2);
  assertEquals(upkeep.lines.map(({ msg }) => msg), ["the gallery's upkeep failed"]);
});
