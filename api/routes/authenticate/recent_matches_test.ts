import { assertEquals } from "@std/assert";
import { RecentMatches, type Searcher } from "./recent_matches.ts";

const SEARCHER: Searcher = {
  caller: { collection: "default", key: "fi_1" },
  whom: { userId: undefined, clientRef: "phone" },
};

Deno.test("a match is remembered for a second, and no longer than until the next non-match", () => {
  let now = 0;
  const matches = new RecentMatches(() => now);
  assertEquals(matches.has(SEARCHER), false);
  matches.add(SEARCHER);
  now = 999;
  assertEquals(matches.has(SEARCHER), true);
  now = 1000;
  assertEquals(matches.has(SEARCHER), false);
  matches.add(SEARCHER);
  assertEquals(matches.has(SEARCHER), true);
  matches.delete(SEARCHER);
  assertEquals(matches.has(SEARCHER), false);
});

Deno.test("a match counts for the same collection, key and client alone, and for no single user", () => {
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
  const matches = new RecentMatches(() => 0);
  matches.add(SEARCHER);
  matches.add(ofUser);
  assertEquals([...others, ofUser].filter((searcher) => matches.has(searcher)), []);
  for (const other of [...others, ofUser]) matches.delete(other);
  assertEquals(matches.has(SEARCHER), true);
});

Deno.test("the oldest of too many matches is forgotten", () => {
  const named = (i: number): Searcher => ({
    ...SEARCHER,
    whom: { userId: undefined, clientRef: `${i}` },
  });
  const matches = new RecentMatches(() => 0);
  for (let i = 0; i < 1000; i++) matches.add(named(i));
  matches.add(named(0));
  matches.add(named(1000));
  assertEquals([0, 1, 2, 1000].map((i) => matches.has(named(i))), [true, false, true, true]);
});
