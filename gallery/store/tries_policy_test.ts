import { assertEquals } from "@std/assert";
import { refusalOf, strictest } from "./tries_policy.ts";

const ROW = { kind: "row", free: 5, waitMs: 30_000, lockAfter: 50 } as const;

Deno.test("the wait is never longer than the limit says, also with a clock that is behind", () => {
  assertEquals(refusalOf({ failures: 4, at: 0 }, ROW, 0), undefined);
  assertEquals(refusalOf({ failures: 5, at: 0 }, ROW, 10_000), { kind: "wait", ms: 20_000 });
  assertEquals(refusalOf({ failures: 5, at: 0 }, ROW, 30_000), undefined);
  assertEquals(refusalOf({ failures: 49, at: 90_000 }, ROW, 0), { kind: "wait", ms: 30_000 });
  assertEquals(refusalOf({ failures: 50, at: 0 }, ROW, 1e15), { kind: "locked" });
  const rate = { kind: "rate", failures: 3, waitMs: 1000 } as const;
  assertEquals(refusalOf({ failures: 0, at: 3000 }, rate, 0), { kind: "wait", ms: 1000 });
  assertEquals(refusalOf({ failures: 0, at: 3000 }, rate, 1000), undefined);
});

Deno.test("of several refusals, the one that holds longest is told", () => {
  const short = { kind: "wait", ms: 1 } as const, long = { kind: "wait", ms: 2 } as const;
  assertEquals(strictest([]), undefined);
  assertEquals(strictest([undefined, undefined]), undefined);
  assertEquals(strictest([short, undefined, long]), long);
  assertEquals(strictest([long, { kind: "locked" }, short]), { kind: "locked" });
});
