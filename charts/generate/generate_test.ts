import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { generate } from "./generate.ts";
import { GenerateError } from "./generate_error.ts";

const read = (path: string) => Deno.readTextFile(path);

Deno.test("generated files are up to date", async () => {
  for (const [path, text] of await generate(read)) {
    assert(text === await read(path), `${path} is not up to date: run "deno task generate"`);
  }
});

Deno.test("generating undoes changes that were made by hand in a generated part", async () => {
  const changes: Record<string, [from: string, to: string]> = {
    "deno.json": ['"POOL_SIZE"', '"POOL_SISE"'],
    "docs/configuration.md": ["| HOST ", "| HOTS "],
    "charts/face-it/values.schema.json": ['"maximum": 100000\n', '"maximum": 7\n'],
    "charts/face-it/README.md": ["`poolSize`", "`poolSise`"],
  };
  const readChanged = async (path: string) => {
    const text = await read(path);
    const [from, to] = changes[path] ?? ["", ""];
    assert(text.includes(from), path);
    return text.replaceAll(from, to);
  };
  for (const [path, text] of await generate(readChanged)) {
    assertEquals(text, await read(path), path);
  }
});

Deno.test("generating keeps the text that is written by hand in the same file", async () => {
  const readChanged = async (path: string) =>
    (await read(path)).replace('"version": "0.1.0"', '"version": "9.9.9"')
      .replace("# Configuration", "# Settings")
      .replace('"Values of the chart face-it"', '"Values"');
  const files = await generate(readChanged);
  assertStringIncludes(files.get("deno.json")!, '"version": "9.9.9"');
  assertStringIncludes(files.get("docs/configuration.md")!, "# Settings");
  assertStringIncludes(files.get("charts/face-it/values.schema.json")!, '"title": "Values"');
});

Deno.test("a setting for a value that values.yaml does not have is refused", async () => {
  const withoutQueueLimit = async (path: string) =>
    (await read(path)).replace(/^ {2}queueLimit: .*$/m, "  otherLimit: 64");
  await assertRejects(() => generate(withoutQueueLimit), GenerateError, "limits.queueLimit");
});
