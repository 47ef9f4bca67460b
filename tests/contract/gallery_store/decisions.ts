/** The behaviour of every store: decisions. */

import { assert, assertEquals } from "@std/assert";
import { ALICE, type StoreTest } from "./store_backend.ts";

/** Registers the tests. */
export function testDecisions(test: StoreTest): void {
  test("each token is decided once", async (store, clock) => {
    const position = await store.position();
    const decision = { jti: "j-1", expiresAt: clock.now + 100, position };
    assertEquals(await store.decide(decision), { kind: "decided" });
    assertEquals(await store.decide(decision), { kind: "replayed" });
    assertEquals(await store.decide({ ...decision, jti: "j-2" }), { kind: "decided" });
    // Also after the row is gone.
    clock.now += 1_000_000;
    await store.purge();
    assertEquals(await store.decide(decision), { kind: "replayed" });
  });

  test("each token allows one change or decision", async (store, clock) => {
    const token = { jti: "j-1", expiresAt: clock.now + 100 };
    const uses = await Promise.all(Array.from({ length: 20 }, () => store.useToken(token)));
    assertEquals(uses.filter((first) => first).length, 1);
    assertEquals(await store.decide({ ...token, position: await store.position() }), {
      kind: "replayed",
    });
    assertEquals(await store.useToken({ ...token, jti: "j-2" }), true);
    assertEquals(await store.useToken({ jti: "j-3", expiresAt: clock.now }), false);
    // Also after the row is gone.
    clock.now += 1_000_000;
    await store.purge();
    assertEquals(await store.useToken(token), false);
  });

  test("of many decisions of one token at the same time, one wins", async (store, clock) => {
    const position = await store.position();
    const decision = { jti: "j-1", expiresAt: clock.now + 100, position };
    const results = await Promise.all(Array.from({ length: 20 }, () => store.decide(decision)));
    assertEquals(results.filter(({ kind }) => kind === "decided").length, 1);
    assertEquals(results.filter(({ kind }) => kind === "replayed").length, 19);
  });

  test(
    "a decision on an older gallery is not stored, and its token is not used up",
    async (store, clock) => {
      const position = await store.position();
      await store.putUser(ALICE, { name: "Alice" });
      const decision = { jti: "j-1", expiresAt: clock.now + 100, position };
      assertEquals(await store.decide({ ...decision, matched: ALICE }), { kind: "moved" });
      assertEquals((await store.getUser(ALICE))?.lastSeenAt, undefined);
      const changes = await store.changesSince(position);
      assert(changes.kind === "changes");
      const again = { ...decision, position: changes.position };
      assertEquals(await store.decide(again), { kind: "decided" });
      // Equal numbers of two histories differ in their ids.
      const foreign = { n: changes.position.n, id: position.id };
      assertEquals(await store.decide({ ...decision, jti: "j-2", position: foreign }), {
        kind: "moved",
      });
    },
  );

  test(
    "a decision without a position is stored although the gallery changes, unless its user is gone",
    async (store, clock) => {
      await store.putUser(ALICE, { name: "Alice" });
      const expiresAt = clock.now + 100;
      const decided = { kind: "decided" };
      assertEquals(await store.decide({ jti: "j-1", expiresAt, matched: ALICE }), decided);
      assertEquals(await store.decide({ jti: "j-1", expiresAt }), { kind: "replayed" });
      await store.deleteUser(ALICE);
      assertEquals(await store.decide({ jti: "j-2", expiresAt, matched: ALICE }), {
        kind: "moved",
      });
      assertEquals(await store.decide({ jti: "j-2", expiresAt }), decided);
    },
  );

  test("a match sets the user's time of last match, to the minute", async (store, clock) => {
    clock.now = 10 * 60_000 + 5;
    await store.putUser(ALICE, { name: "Alice" });
    const position = await store.position();
    const decide = (jti: string) =>
      store.decide({ jti, expiresAt: clock.now + 100, position, matched: ALICE });
    assertEquals(await decide("j-1"), { kind: "decided" });
    assertEquals((await store.getUser(ALICE))?.lastSeenAt, 10 * 60_000);
    clock.now += 60_000;
    // It is no change of the gallery, and a replay does not set it.
    assertEquals(await decide("j-1"), { kind: "replayed" });
    assertEquals((await store.getUser(ALICE))?.lastSeenAt, 10 * 60_000);
    assertEquals(await decide("j-2"), { kind: "decided" });
    assertEquals((await store.getUser(ALICE))?.lastSeenAt, 11 * 60_000);
    await store.putUser(ALICE, { name: "Alice B" });
    assertEquals((await store.getUser(ALICE))?.lastSeenAt, 11 * 60_000);
  });
}
