import { assert } from "@std/assert";
import { CHART, render } from "../support/helm.ts";
import { needs } from "../support/needs.ts";
import { bashCommands } from "../support/readme_commands.ts";

/** Options of `helm install` and `helm upgrade` that `helm template` lacks or ignores. */
const WITHOUT_MEANING = /^--(reuse-values|reset-then-reuse-values|install|wait|create-namespace)$/;

const PAGES = ["kubernetes", "operations", "upgrade"].map((page) => `docs/${page}.md`);

needs("helm")("the chart accepts the values in the commands of the docs", async () => {
  for (const file of [...PAGES, `${CHART}/README.md`]) {
    for (const args of await helmArguments(file)) {
      await render(
        ...args.replaceAll("REGISTRY", "example.org")
          .replaceAll(/"(gallery\.\w+)=\{[$A-Z]+\}"/g, "$1={gallery}")
          .split(/\s+/)
          .filter((arg) => arg !== "" && !WITHOUT_MEANING.test(arg)),
      );
    }
  }
});

// With --reuse-values, Helm 3 and 4 ignore null: the value of the present release stays.
Deno.test("no documented command removes a value with --reuse-values", async () => {
  for (const file of [...PAGES, `${CHART}/README.md`]) {
    for (const args of await helmArguments(file)) {
      assert(!/ --reuse-values .*=null/.test(args), `${file}: ${args}`);
    }
  }
});

/** Returns the arguments of each command of a page that installs or upgrades the chart. */
async function helmArguments(file: string): Promise<string[]> {
  const commands = bashCommands(await Deno.readTextFile(file))
    .map((command) => /^helm (?:install|upgrade) face-it charts\/face-it\b(.*)$/.exec(command)?.[1])
    .filter((args) => args !== undefined);
  assert(commands.length > 0, `${file} installs no chart`);
  return commands;
}

Deno.test("the chart's README shows the kubectl commands that a test runs on a cluster", async () => {
  const run = bashCommands(await Deno.readTextFile("docs/kubernetes.md"));
  const shown = bashCommands(await Deno.readTextFile(`${CHART}/README.md`));
  for (const command of shown.filter((line) => line.startsWith("kubectl "))) {
    assert(run.includes(command), `docs/kubernetes.md does not have: ${command}`);
  }
});
