import { assert, assertEquals } from "@std/assert";
import { exists, PROCESS_TABLE } from "../../shared/find_starters.ts";

Deno.test("a running process is found by its id, and an ended process is not found", async () => {
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
