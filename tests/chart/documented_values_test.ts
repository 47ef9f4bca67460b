import { assert } from "@std/assert";
import { CHART, render } from "../support/helm.ts";
import { needs } from "../support/needs.ts";
import { bashCommands } from "../support/readme_commands.ts";

/** Options of `helm install` and `helm upgrade` that `helm template` lacks or ignores. */
const WITHOUT_MEANING = /^--(reuse-values|reset-then-reuse-values|wait|create-namespace)$/;

needs("helm")("the chart accepts the values in the commands of the docs", async () => {
  for (const file of ["docs/kubernetes.md", `${CHART}/README.md`]) {
    const commands = bashCommands(await Deno.readTextFile(file))
      .map((command) =>
        /^helm (?:install|upgrade) face-it charts\/face-it\b(.*)$/.exec(command)?.[1]
      )
      .filter((args) => args !== undefined);
    assert(commands.length > 0, `${file} installs no chart`);
    for (const args of commands) {
      await render(
        ...args.replaceAll("REGISTRY", "example.org").replaceAll(
          '"gallery.secrets={$GALLERY}"',
          "gallery.secrets={gallery}",
        ).split(/\s+/)
          .filter((arg) => arg !== "" && !WITHOUT_MEANING.test(arg)),
      );
    }
  }
});

Deno.test("the chart's README shows the kubectl commands that a test runs on a cluster", async () => {
  const run = bashCommands(await Deno.readTextFile("docs/kubernetes.md"));
  const shown = bashCommands(await Deno.readTextFile(`${CHART}/README.md`));
  for (const command of shown.filter((line) => line.startsWith("kubectl "))) {
    assert(run.includes(command), `docs/kubernetes.md does not have: ${command}`);
  }
});
