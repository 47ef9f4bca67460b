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

Deno.test("less is better where the budget is an upper bound, and worse where it is a lower one", () => {
  const a = [finding("start", 300), finding("rate", 300, "at least")];
  const b = [finding("start", 150), finding("rate", 150, "at least")];
  assertEquals(changes(a, b), { start: "better", rate: "worse" });
  assertEquals(changes(b, a), { start: "worse", rate: "better" });
  assertEquals(changes(a, a), { start: "the same", rate: "the same" });
});

Deno.test("runs that overlap show no change", () => {
  const runs = (...all: number[]) => all.map((measured) => finding("start", measured));
  assertEquals(changes(runs(10, 12, 14), runs(13, 15, 17)), { start: "unclear" });
  assertEquals(changes(runs(10, 12, 14), runs(14, 15, 17)), { start: "unclear" });
  assertEquals(changes(runs(10, 12, 14), runs(15, 16, 17)), { start: "worse" });
});

Deno.test("a row has the medians, their ratio and the number of runs", () => {
  const a = [1, 4, 2].map((measured) => finding("start", measured));
  const rows = compareFindings(a, [finding("start", 5), finding("new", 7)]).map(cellsOf);
  assertEquals(rows, [
    ["start", "2", "5", "2.5", "worse", "3, 1"],
    ["new", "", "7", "", "only in B", "0, 1"],
  ]);
  assertEquals(changes(a, []), { start: "only in A" });
});
