import { assertEquals } from "@std/assert";
import { AllowedSearchers, type Searcher } from "./allowed_searchers.ts";

const SEARCHER: Searcher = {
  caller: { collection: "default", key: "fi_1" },
  whom: { userId: undefined, clientRef: "phone" },
};

Deno.test("a searcher is remembered for ten seconds, and no longer than until it is forgotten", () => {
  let now = 0;
  const allowed = new AllowedSearchers(() => now);
  assertEquals(allowed.has(SEARCHER), false);
  allowed.add(SEARCHER);
  now = 9999;
  assertEquals(allowed.has(SEARCHER), true);
  now = 10_000;
  assertEquals(allowed.has(SEARCHER), false);
  allowed.add(SEARCHER);
  assertEquals(allowed.has(SEARCHER), true);
  allowed.delete(SEARCHER);
  assertEquals(allowed.has(SEARCHER), false);
});

Deno.test("a searcher is the same collection, key and client alone, and no single user", () => {
  const { caller, whom } = SEARCHER;
  const others: Searcher[] = [
    { caller: { ...caller, collection: "shop" }, whom },
    { caller: { ...caller, key: "fi_2" }, whom },
    { caller: { ...caller, key: undefined }, whom },
    { caller, whom: { ...whom, clientRef: undefined } },
    { caller, whom: { ...whom, clientRef: "tablet" } },
    { caller: { collection: 'default","fi_1', key: undefined }, whom },
  ];
  const ofUser = { caller, whom: { ...whom, userId: "user1" } };
  const allowed = new AllowedSearchers(() => 0);
  allowed.add(SEARCHER);
  allowed.add(ofUser);
  assertEquals([...others, ofUser].filter((searcher) => allowed.has(searcher)), []);
  for (const other of [...others, ofUser]) allowed.delete(other);
  assertEquals(allowed.has(SEARCHER), true);
});

Deno.test("the oldest of too many searchers is forgotten", () => {
  const named = (i: number): Searcher => ({
    ...SEARCHER,
    whom: { userId: undefined, clientRef: `${i}` },
  });
  const allowed = new AllowedSearchers(() => 0);
  for (let i = 0; i < 1000; i++) allowed.add(named(i));
  allowed.add(named(0));
  allowed.add(named(1000));
  assertEquals([0, 1, 2, 1000].map((i) => allowed.has(named(i))), [true, false, true, true]);
});
