import { assert, assertEquals } from "@std/assert";
import { bashCommands, jsonBlocks, readmeCommands } from "./readme_commands.ts";

const PAGE = [
  ...[
    "# it",
    "```bash",
    "# a comment",
    "deno task start",
    "curl -s \\",
    "  http://localhost",
    "```",
  ],
  ...[
    "```json",
    "{",
    '"a": 1',
    "}",
    "```",
    "```json",
    "[]",
    "```",
    "```text",
    "deno task none",
    "```",
    "1. a step:",
    "",
    "   ```bash",
    "   echo \\",
    "     step",
    "   ```",
    "",
  ],
].join("\n");

Deno.test("the commands of a page are the lines of its bash blocks", () => {
  assertEquals(bashCommands(PAGE), [
    "deno task start",
    "curl -s   http://localhost",
    "echo   step",
  ]);
});

Deno.test("the answers of a page are its JSON blocks", () => {
  assertEquals(jsonBlocks(PAGE), ['{\n"a": 1\n}', "[]"]);
});

Deno.test("the commands of the pages start the service, enrol people and install the chart", async () => {
  const { laptop, kubernetes, answers } = await readmeCommands();
  const has = (commands: string[], part: string) => commands.some((line) => line.includes(part));
  assert(has(laptop, "task start") && has(laptop, "task enroll") && has(laptop, "/authenticate"));
  assert(has(kubernetes, "helm install") && has(kubernetes, "helm uninstall"));
  assert(answers.length > 0);
});
