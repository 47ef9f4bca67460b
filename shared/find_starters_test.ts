import { assertEquals } from "@std/assert";
import { findStarters, type ProcessTable } from "./find_starters.ts";

const table = (processes: Record<number, [parent: number, command: string]>): ProcessTable => ({
  lookUp: (pid) => {
    const entry = processes[pid];
    return Promise.resolve(entry && { parent: entry[0], command: entry[1] });
  },
});

const BEHIND_NPX = {
  40: [30, "deno task start"],
  30: [20, "sh -c deno task start"],
  20: [10, "npm exec deno@2.9.6 task start"],
  10: [1, "bash"],
} satisfies Record<number, [number, string]>;

Deno.test("without npx, only deno task is watched, not the shell that started it", async () => {
  assertEquals(await findStarters(40, false, table(BEHIND_NPX)), [40]);
});

Deno.test("with npx, all processes up to npx are watched, not the shell above npx", async () => {
  assertEquals(await findStarters(40, true, table(BEHIND_NPX)), [40, 30, 20]);
});

Deno.test("undefined is returned when a starter has already ended", async () => {
  assertEquals(await findStarters(1, false, table({})), undefined);
  assertEquals(await findStarters(40, true, table({ 40: [1, "deno task start"] })), undefined);
});

Deno.test("when npx is not found, only the parent is watched", async () => {
  const processes = table({ 40: [30, "a"], 30: [20, "b"], 20: [10, "c"], 10: [5, "d"] });
  assertEquals(await findStarters(40, true, processes), [40]);
});
