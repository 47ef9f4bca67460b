import { assert, assertEquals } from "@std/assert";
import { CHOICES } from "./candidate_choice.ts";
import { simulateChoice } from "./simulate_choice.ts";

type Name = keyof typeof CHOICES;

const lost = (name: Name, pods: number, load: number): number =>
  simulateChoice(CHOICES[name], pods, load).lostPerClaim;

function assertBetween(value: number, low: number, high: number): void {
  assert(value >= low && value <= high, `${value} is not between ${low} and ${high}`);
}

Deno.test("a simulation of a choice has the same outcome at every run", () => {
  const run = () => simulateChoice(CHOICES["any at random"], 20, 0.5);
  assertEquals(run(), run());
});

Deno.test("when all replicas choose the oldest pod, a larger pool loses more claims", () => {
  const [few, some, many] = [4, 20, 100].map((pods) => lost("the oldest", pods, 0.5));
  assert(few! < some! && some! < many!, `${few} ${some} ${many}`);
  assertBetween(many!, 0.4, 0.7);
});

Deno.test("when replicas choose at random, few claims are lost, and fewer in a larger pool", () => {
  const small = lost("any at random", 4, 0.5), large = lost("any at random", 100, 0.5);
  assert(large < small, `${small} ${large}`);
  assertBetween(small, 0.02, 0.06);
  assertBetween(large, 0, 0.02);
});

Deno.test("when requests queue, about one claim is lost for each claim that is won", () => {
  for (const name of ["the oldest", "any at random", "one of its own share, then any"] as const) {
    assertBetween(lost(name, 20, 1.2), 1, 1.4);
  }
});

Deno.test("no claim is lost when replicas wait for others' pods, but requests wait longer", () => {
  const waiting = CHOICES["its own share, others' after a short wait"];
  assertBetween(simulateChoice(waiting, 20, 1.2).lostPerClaim, 0, 0.01);
  const { waitP50 } = simulateChoice(waiting, 4, 0.5);
  assert(waitP50 > 4 * simulateChoice(CHOICES["any at random"], 4, 0.5).waitP50);
});
