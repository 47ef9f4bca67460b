import { assert, assertEquals } from "@std/assert";
import { exists, findStarters, PROCESS_TABLE, type ProcessTable } from "./starter_watch.ts";

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

Deno.test("behind deno task alone, the shell above it is not watched", async () => {
  assertEquals(await findStarters(40, false, table(BEHIND_NPX)), { pids: [40] });
});

Deno.test("behind npx, everything up to it is watched and the user's shell is not", async () => {
  assertEquals(await findStarters(40, true, table(BEHIND_NPX)), { pids: [40, 30, 20] });
});

Deno.test("a starter that is gone already is noticed", async () => {
  assertEquals(await findStarters(1, false, table({})), undefined);
  assertEquals(await findStarters(40, true, table({ 40: [1, "deno task start"] })), undefined);
});

Deno.test("behind something unknown, only the parent is watched", async () => {
  const processes = table({ 40: [30, "a"], 30: [20, "b"], 20: [10, "c"], 10: [5, "d"] });
  assertEquals(await findStarters(40, true, processes), { pids: [40] });
});

Deno.test("a running process exists and is found by its id, an ended one is not", async () => {
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  assert(exists(child.pid));
  const entry = await PROCESS_TABLE.lookUp(child.pid);
  assertEquals(entry?.parent, Deno.pid);
  assert(entry?.command.endsWith("sleep 60"), entry?.command);
  child.kill("SIGKILL");
  await child.status;
  assert(!exists(child.pid));
  assertEquals(await PROCESS_TABLE.lookUp(child.pid), undefined);
});
