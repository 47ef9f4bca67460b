import { assertEquals } from "@std/assert";
import { judge } from "./judge.ts";

const rule = { score: ({ similarity }: { similarity: number }) => similarity, threshold: 0.7 };
const nearest = (similarity: number, runnerUp?: number) => ({ similarity, compared: 2, runnerUp });

Deno.test("a score at the threshold matches, and a lower one does not", () => {
  assertEquals(judge(nearest(0.7), rule).kind, "match");
  assertEquals(judge(nearest(0.7 - Number.EPSILON), rule).kind, "no_match");
});

Deno.test("nobody matches when there is nobody to compare with", () => {
  assertEquals(judge(undefined, { ...rule, threshold: -Infinity }), { kind: "no_match" });
});

Deno.test("a score that is not a number is no match, and that of a second user is ambiguous", () => {
  for (const threshold of [0.7, 0, -Infinity, NaN]) {
    assertEquals(judge(nearest(NaN, 0), { ...rule, threshold }), { kind: "no_match" });
  }
  assertEquals(judge(nearest(0.9, NaN), rule), { kind: "ambiguous" });
});

Deno.test("a match is ambiguous when the second user's score reaches the threshold, too", () => {
  assertEquals(judge(nearest(0.9, 0.7), rule), { kind: "ambiguous" });
  assertEquals(judge(nearest(0.9, 0.7 - Number.EPSILON), rule).kind, "match");
});

Deno.test("the scores of the second user and of the nearest count equally many templates", () => {
  const seen: number[] = [];
  const score = ({ compared }: { compared: number }) => seen.push(compared);
  judge({ similarity: 0.9, compared: 7, runnerUp: 0.8 }, { score, threshold: 1 });
  assertEquals(seen, [7, 7]);
});

Deno.test("the numbers of a match have at most 4 decimal places, rounded down", () => {
  const score = () => 0.9599999;
  assertEquals(judge(nearest(0.70719), { score, threshold: 0.7 }), {
    kind: "match",
    confidence: 0.9599,
    similarity: 0.7071,
  });
});
