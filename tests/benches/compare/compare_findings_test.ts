import { assertEquals } from "@std/assert";
import type { Finding } from "../budget.ts";
import { cellsOf, compareFindings } from "./compare_findings.ts";

const finding = (what: string, measured: number, bound: Finding["bound"] = "at most"): Finding => ({
  what,
  measured,
  bound,
  detail: "",
});

function changes(a: readonly Finding[], b: readonly Finding[]) {
  return Object.fromEntries(compareFindings(a, b).map(({ what, change }) => [what, change]));
}

const runs = (what: string, all: readonly number[], bound?: Finding["bound"]) =>
  all.map((measured) => finding(what, measured, bound));

Deno.test("less is better where the budget is an upper bound, and worse where it is a lower one", () => {
  const more = [300, 301, 302, 303], less = [150, 151, 152, 153];
  const a = [...runs("start", more), ...runs("rate", more, "at least")];
  const b = [...runs("start", less), ...runs("rate", less, "at least")];
  assertEquals(changes(a, b), { start: "better", rate: "worse" });
  assertEquals(changes(b, a), { start: "worse", rate: "better" });
});

Deno.test("runs that overlap show no change", () => {
  const changeTo = (...b: number[]) => changes(runs("start", [10, 12, 13, 14]), runs("start", b));
  assertEquals(changeTo(13, 15, 16, 17), { start: "unclear" });
  assertEquals(changeTo(14, 15, 16, 17), { start: "unclear" });
  assertEquals(changeTo(15, 16, 17, 18), { start: "worse" });
});

Deno.test("fewer than four runs of a version show no change, as they differ by chance", () => {
  const all = [300, 301, 302, 303], others = [150, 151, 152, 153];
  for (const [ofA, ofB] of [[1, 1], [3, 1], [3, 3], [3, 4], [4, 3]] as const) {
    const [a, b] = [runs("start", all.slice(0, ofA)), runs("start", others.slice(0, ofB))];
    assertEquals(changes(a, b), { start: "too few runs" }, `${ofA} and ${ofB}`);
  }
  assertEquals(changes(runs("start", all), runs("start", others)), { start: "better" });
});

Deno.test("a figure that is equal in all runs is the same", () => {
  assertEquals(changes(runs("doubles", [0]), runs("doubles", [0, 0])), { doubles: "the same" });
});

Deno.test("a row has the medians, their ratio and the number of runs", () => {
  const a = runs("start", [1, 4, 2]);
  const rows = compareFindings(a, [finding("start", 5), finding("new", 7)]).map(cellsOf);
  assertEquals(rows, [
    ["start", "2", "5", "2.5", "too few runs", "3, 1"],
    ["new", "", "7", "", "only in B", "0, 1"],
  ]);
  assertEquals(changes(a, []), { start: "only in A" });
});
