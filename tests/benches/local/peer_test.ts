import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Load } from "./load.ts";
import { findingsOf, measureRounds } from "./peer.ts";

const NAMES = { held: "held", served: "served", peer: "peer" } as const;
const load = (busyMs: number, cpuMs: number | undefined): Load => ({
  busyMs,
  cpuMs,
  requestMs: 8 * busyMs,
});

Deno.test("each round measures each service once, and begins with another one", async () => {
  const measured: string[] = [];
  const rounds = await measureRounds(3, NAMES, (name) => {
    measured.push(name);
    return Promise.resolve(load(measured.length, undefined));
  });
  assertEquals(measured, [
    ...["held", "served", "peer"],
    ...["served", "peer", "held"],
    ...["peer", "held", "served"],
    ...["held", "served", "peer"],
  ]);
  // The first round is a warm-up.
  assertEquals(rounds.map(({ peer }) => peer.busyMs), [5, 7, 12]);
});

Deno.test("a ratio is the median of the ratios of the rounds", () => {
  const rounds = [1, 4, 2].map((slow) => ({
    held: load(10 * slow, 20),
    served: load(11 * slow, 22),
    peer: load(13 * slow, 25),
  }));
  const findings = findingsOf(rounds);
  assertEquals(findings.map(({ what, budget }) => [what, budget]), [
    ["requests/s of the peer", undefined],
    ["requests/s ÷ the peer's, gallery in workers", 1.3],
    ["CPU of a request ÷ the peer's, gallery in workers", undefined],
    ["requests/s ÷ the peer's, gallery service", 1.15],
    ["CPU of a request ÷ the peer's, gallery service", undefined],
  ]);
  const expected = [1000 / 26, 1.3, 0.8, 13 / 11, 0.88];
  findings.forEach(({ measured }, i) => assertAlmostEquals(measured, expected[i]!));
});

Deno.test("without the peer's process there are no rows about CPU time", () => {
  const findings = findingsOf([{
    held: load(1, 2),
    served: load(1, 2),
    peer: load(1, undefined),
  }]);
  assertEquals(findings.filter(({ what }) => what.startsWith("CPU")), []);
});
