/** The behaviour of every store: counts of failed tries. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import type { GalleryStore, Try } from "../../../gallery/store/store.ts";
import {
  DEFAULT_TRIES,
  type TriesPolicy,
  type TryOutcome,
  type TryRefusal,
} from "../../../gallery/store/tries_policy.ts";
import { newTemplate } from "../../support/gallery_store.ts";
import { ALICE, type StoreTest } from "./store_backend.ts";

const POLICY: TriesPolicy = { ...DEFAULT_TRIES, free: 2, waitMs: 1000, lockAfter: 4, searches: 3 };
const ONE: Try = { ...ALICE, key: "door", clientRef: "phone" };
const SEARCH: Try = { collection: "default", key: "door", clientRef: "phone" };
const LOCKED: TryRefusal = { kind: "locked" };
const wait = (ms: number): TryRefusal => ({ kind: "wait", ms });

let tokens = 0;

/** Decides once, and returns the reason when the decision is refused. */
async function decide(
  store: GalleryStore,
  tried: Try,
  outcome?: TryOutcome,
): Promise<TryRefusal | undefined> {
  const result = await decideOnce(store, tried, outcome);
  return result.kind === "limited" ? result.refusal : undefined;
}

/** Decides once, and returns what the store says about this try or about the next one. */
async function decideOnce(store: GalleryStore, tried: Try, outcome: TryOutcome = "failed") {
  const jti = `try-${++tokens}`;
  const result = await store.decide({
    jti,
    expiresAt: Number.MAX_SAFE_INTEGER,
    tried: { ...tried, outcome },
  });
  assert(result.kind === "decided" || result.kind === "limited", result.kind);
  return result;
}

/** Fails, and waits each time for as long as the store says, until the user is locked. */
async function lock(store: GalleryStore, clock: { now: number }, tried: Try): Promise<number> {
  for (let failures = 0;;) {
    const refusal = await decide(store, tried);
    if (refusal === undefined) failures++;
    else if (refusal.kind === "locked") return failures;
    else clock.now += refusal.ms;
  }
}

/** Registers the tests. */
export function testTries(test: StoreTest): void {
  const limited = (
    name: string,
    body: Parameters<StoreTest>[1],
    policy: Partial<TriesPolicy> = {},
  ) => test(name, body, { tries: { ...POLICY, ...policy } });

  limited("a match that is allowed ends a row of failures", async (store, clock) => {
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 2; i++) assertEquals(await decide(store, ONE), undefined);
      // The reason does not depend on the outcome.
      for (const outcome of ["failed", "matched", "neither"] as const) {
        assertEquals(await decide(store, ONE, outcome), wait(1000));
      }
      clock.now += 999;
      assertEquals(await store.checkTries([ONE]), wait(1));
      clock.now += 1;
      assertEquals(await store.checkTries([ONE]), undefined);
      assertEquals(await decide(store, ONE, "neither"), undefined);
      assertEquals(await decide(store, ONE, "matched"), undefined);
    }
    assertEquals(await lock(store, clock, ONE), 4);
    for (const outcome of ["failed", "matched", "neither"] as const) {
      assertEquals(await decide(store, ONE, outcome), LOCKED);
    }
  });

  limited("a decision that is refused stores nothing", async (store, clock) => {
    await store.putUser(ALICE, { name: "Alice" });
    await lock(store, clock, ONE);
    const decision = { jti: "j-1", expiresAt: clock.now + 100, matched: ALICE };
    assertEquals(await store.decide({ ...decision, tried: { ...ONE, outcome: "matched" } }), {
      kind: "limited",
      refusal: LOCKED,
    });
    assertEquals((await store.getUser(ALICE))?.lastSeenAt, undefined);
    assertEquals(await store.decide(decision), { kind: "decided" });
  });

  limited("a decision that is replayed or moved counts nothing", async (store) => {
    const before = await store.position();
    await store.putUser(ALICE, { name: "Alice" });
    const tried = { ...ONE, outcome: "failed" } as const;
    const decision = { jti: "j-1", expiresAt: Number.MAX_SAFE_INTEGER, tried };
    for (let i = 0; i < 5; i++) {
      assertEquals(await store.decide({ ...decision, position: before }), { kind: "moved" });
    }
    assertEquals(await store.decide(decision), { kind: "decided" });
    for (let i = 0; i < 5; i++) {
      assertEquals(await store.decide(decision), { kind: "replayed" });
    }
    assertEquals(await decide(store, ONE), undefined);
    assertEquals(await decide(store, ONE), wait(1000));
  });

  limited(
    "each caller has counts of its own, and nothing tells who exists",
    async (store, clock) => {
      await store.putUser(ALICE, { name: "Alice" });
      const others: Try[] = [
        { ...ONE, userId: "nobody" },
        { ...ONE, collection: "other" },
        { ...ONE, key: "gate" },
        { ...ONE, clientRef: "desk" },
        // The same texts in other places.
        { ...ALICE, key: "phone", clientRef: "door" },
        { ...ALICE, key: "door" },
        { ...ALICE, clientRef: "door" },
        ALICE,
        SEARCH,
        { ...SEARCH, enrolment: true },
      ];
      await lock(store, clock, ONE);
      for (const other of others) assertEquals(await store.checkTries([other]), undefined);
      assertEquals(await store.checkTries([...others, ONE]), LOCKED);
      assertEquals(await lock(store, clock, others[0]!), 4);
    },
  );

  limited(
    "a lock is ended by an unlock or the user's deletion, and by nothing else",
    async (store, clock) => {
      const nobody = { collection: "default", userId: "nobody" };
      for (const user of [ALICE, nobody]) {
        const own = { ...ONE, ...user };
        if (user === ALICE) await store.putUser(user, { name: "Alice" });
        const ends = [() => store.unlock(user), () => store.deleteUser(user)];
        for (const end of ends) {
          assertEquals(await store.isLocked(user), false);
          await lock(store, clock, own);
          await lock(store, clock, { ...own, key: "gate" });
          await store.unlock({ ...user, collection: "other" });
          await store.unlock({ ...user, userId: "somebody" });
          clock.now += 10 * 365 * 24 * 3_600_000;
          await store.purge();
          if (user === ALICE) await store.putUser(user, { name: "Another Alice" });
          assertEquals(await decide(store, own, "matched"), LOCKED);
          assertEquals(await store.isLocked(user), true);
          await end();
          assertEquals(await store.isLocked(user), false);
          assertEquals(await store.checkTries([own, { ...own, key: "gate" }]), undefined);
        }
      }
    },
  );

  limited(
    "whoever gets the user_id of a user who has expired is not locked",
    async (store, clock) => {
      const again = { name: "Another Alice" };
      const ends = [
        () => store.purge(),
        () => store.putUser(ALICE, again),
        () => store.importUsers([{ ...ALICE, ...again, templates: [] }]),
      ];
      for (const end of ends) {
        await store.deleteUser(ALICE);
        const expiresAt = clock.now + 20_000;
        await store.putUser(ALICE, { name: "Alice", expiresAt });
        await lock(store, clock, ONE);
        await lock(store, clock, { ...ONE, userId: "nobody" });
        clock.now = expiresAt;
        await end();
        await store.putUser(ALICE, again);
        assertEquals(await store.isLocked(ALICE), false);
        assertEquals(await decide(store, ONE), undefined);
        assertEquals(await decide(store, { ...ONE, userId: "nobody" }), LOCKED);
      }
    },
    { userLockAfter: 4 },
  );

  limited("all callers together have a limit when one is set", async (store) => {
    const keys = ["a", "b", "c"];
    for (const key of keys) {
      for (let i = 0; i < 2; i++) assertEquals(await decide(store, { ...ALICE, key }), undefined);
    }
    const other = { ...ALICE, key: "d" };
    assertEquals(await decide(store, other, "matched"), LOCKED);
    assertEquals(await store.isLocked(ALICE), true);
    await store.unlock(ALICE);
    assertEquals(await decide(store, other), undefined);
    // A match, whoever makes it, ends the row of all.
    assertEquals(await decide(store, { ...ALICE, key: "a" }, "matched"), undefined);
    for (const key of keys) {
      for (let i = 0; i < 2; i++) assertEquals(await decide(store, { ...ALICE, key }), undefined);
    }
    assertEquals(await decide(store, other), LOCKED);
  }, { userLockAfter: 6 });

  limited(
    "searches have a rate: a match does not end it, and waiting does",
    async (store, clock) => {
      for (let i = 0; i < 3; i++) assertEquals(await decide(store, SEARCH), undefined);
      for (const outcome of ["failed", "matched", "neither"] as const) {
        assertEquals(await decide(store, SEARCH, outcome), wait(1000));
      }
      clock.now += 600;
      assertEquals(await decide(store, SEARCH), wait(400));
      clock.now += 400;
      assertEquals(await decide(store, SEARCH, "matched"), undefined);
      assertEquals(await decide(store, SEARCH), undefined);
      assertEquals(await decide(store, SEARCH), wait(1000));
      for (const other of [{ clientRef: "desk" }, { enrolment: true }]) {
        assertEquals(await decide(store, { ...SEARCH, ...other }), undefined);
      }
      // Never locked, and after a long time as at the beginning.
      clock.now += 1_000_000;
      await store.purge();
      for (let i = 0; i < 3; i++) assertEquals(await decide(store, SEARCH), undefined);
      assertEquals(await decide(store, SEARCH), wait(1000));
    },
  );

  limited("a limit that is not set does not limit", async (store) => {
    for (let i = 0; i < 20; i++) assertEquals(await decide(store, SEARCH), undefined);
  }, { searches: undefined });

  limited("failures at the same time never exceed the limit together", async (store, clock) => {
    for (const free of [2, 1, 1]) {
      const results = await Promise.all(
        Array.from({ length: 12 }, () => decide(store, ONE)),
      );
      assertEquals(results.filter((refusal) => refusal === undefined).length, free);
      clock.now += 1000;
    }
    assertEquals(await decide(store, ONE), LOCKED);
  });

  limited("a failed enrolment counts, and none is stored after too many", async (store, clock) => {
    const { user } = await store.putUser(ALICE, { name: "Alice" });
    for (let i = 0; i < 2; i++) assertEquals(await store.countFailure(ONE), undefined);
    assertEquals(await store.countFailure(ONE), wait(1000));
    const add = async (seed: number) =>
      await store.addTemplate(ALICE, newTemplate(seed), {
        at: await store.position(),
        createdAt: user.createdAt,
        tries: [SEARCH, ONE],
        again: () => {},
      });
    assertEquals(await add(1), { kind: "limited", refusal: wait(1000) });
    clock.now += 1000;
    assert((await add(1)).kind === "stored");
    // It ends no row: the rule for a template is weaker than the one for a match.
    assertEquals(await store.countFailure(ONE), undefined);
    assertEquals(await store.countFailure(ONE), wait(1000));
  });

  limited("failures are forgotten after 30 days without another one", async (store, clock) => {
    const day = 24 * 3_600_000;
    for (let i = 0; i < 3; i++) {
      assertEquals(await decide(store, ONE), undefined);
      clock.now += i === 2 ? 1000 : 29 * day;
    }
    assertEquals(await decide(store, ONE), undefined);
    assertEquals(await decide(store, ONE), LOCKED);
    await store.unlock(ALICE);
    for (const purged of [false, true]) {
      for (let i = 0; i < 3; i++) {
        assertEquals(await decide(store, ONE), undefined);
        clock.now += 1000;
      }
      clock.now += 30 * day;
      if (purged) await store.purge();
    }
    assertEquals(await decide(store, ONE), undefined);
  });

  test(
    "the oldest of too many counts are forgotten, and locks apart from the others",
    async (store, clock) => {
      const user = (i: number): Try => ({ ...ONE, userId: `user ${i}` });
      for (let i = 0; i < 3; i++) {
        assertEquals(await lock(store, clock, user(i)), 4);
      }
      for (let i = 10; i < 30; i++) {
        clock.now++;
        for (let failures = 0; failures < 2; failures++) await decide(store, user(i));
      }
      const refused = async (i: number) => await store.checkTries([user(i)]) !== undefined;
      const all = Array.from({ length: 30 }, (_, i) => i);
      const known = (await Promise.all(all.map(async (i) => await refused(i) ? [i] : []))).flat();
      assertEquals(known, [0, 1, 2, ...all.slice(-10)]);
      for (let i = 40; i < 60; i++) await lock(store, clock, user(i));
      assertEquals(await refused(0), false);
      const { length } = (await Promise.all(all.map((i) => refused(40 + i)))).filter(Boolean);
      assertEquals(length, 10);
    },
    { tries: POLICY, maxTries: 10 },
  );

  limited("texts that a database would change are refused", async (store) => {
    for (const text of ["", "a\u0000b", "\ud800", "x".repeat(257)]) {
      for (const name of ["collection", "userId", "key", "clientRef"]) {
        const tried = { ...ONE, [name]: text };
        await assertRejects(() => decide(store, tried), RangeError);
        await assertRejects(() => store.checkTries([tried]), RangeError);
        await assertRejects(() => store.countFailure(tried), RangeError);
      }
      await assertRejects(() => store.unlock({ ...ALICE, userId: text }), RangeError);
    }
  });

  limited("any tries at any times are decided as a list of them says", async (store, clock) => {
    let run = 0;
    const step = fc.record({
      after: fc.constantFrom(0, 1, 400, 999, 1000, 3000),
      outcome: fc.constantFrom<TryOutcome>("failed", "failed", "failed", "matched", "neither"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), fc.boolean(), async (steps, search) => {
        const key = `key ${++run}`;
        const tried = search ? { ...SEARCH, key } : { ...ONE, key };
        let row: number[] = [];
        for (const { after, outcome } of steps) {
          clock.now += after;
          // Each failure of a search is forgotten after 1,000 ms, one after the other.
          const ends = row.reduce((end, at) => Math.max(end, at) + 1000, 0);
          const open = Math.max(0, Math.ceil((ends - clock.now) / 1000));
          const allowed = search
            ? open < 3
            : row.length < 4 && (row.length < 2 || clock.now - row.at(-1)! >= 1000);
          const hint = await store.checkTries([tried]);
          assertEquals(hint === undefined, allowed);
          const result = await decideOnce(store, tried, outcome);
          assertEquals(result.kind === "limited" ? result.refusal : undefined, hint);
          if (result.kind === "limited") continue;
          assertEquals(result.nextRefusal, await store.checkTries([tried]));
          if (outcome === "failed") row.push(clock.now);
          else if (outcome === "matched" && !search) row = [];
        }
      }),
      { numRuns: 40 },
    );
  });
}
