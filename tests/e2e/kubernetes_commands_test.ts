// Runs the README's commands for a cluster as they are written, in the chart's default namespaces.

import { assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";
import { KubernetesClient } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";
import { freeVolumes } from "./volumes.ts";
import { readmeCommands, sectionCommands } from "../support/readme_commands.ts";

const NAMESPACES = ["face-it-api", "face-it-workers"];
/** Commands that make the cluster, the images and their model. All exist when the tests run. */
const DONE_BEFORE = /^(kind|docker) |\btask (image|models)\b/;
const PORT_FORWARD = /port-forward/;
/** The last command that puts the gallery into the workers. */
const HELD_BY_WORKERS = /rollout status deployment\/face-it-worker$/;
/** Shows what was imported when the gallery moved into the service. */
const IMPORT_LOG = "kubectl --namespace face-it-workers logs face-it-gallery-0 --container=import";
/** A command that sets a variable of the shell for the commands after it. */
const ASSIGNMENT = /^[A-Z]+=/;

/** Replaces the README's placeholders, and the port 8080, which may be in use here. */
function fillIn(command: string, port: number): string {
  const replacements: [RegExp, string][] = [
    [/\bREGISTRY\b/g, "docker.io"],
    [/\bSECRET\b/g, "$$GALLERY"],
    [/--from-file=gallery\.json(?!=)/g, "--from-file=gallery.json=test-data/embeddings.json"],
    [/< gallery\.json/g, "< test-data/embeddings.json"],
    [/> template-keys$/g, "> /dev/null"],
    // The DNS of the test's node is no pod.
    [/^helm install face-it charts\/face-it/, "$& --set networkPolicy.dns.namespace="],
    [/\b8080:/g, `${port}:`],
    [/\b(localhost|127\.0\.0\.1):8080\b/g, `$1:${port}`],
  ];
  return replacements.reduce((line, [from, to]) => line.replace(from, to), command);
}

needs("helm", "node")("the README's commands for a cluster do what the README says", async () => {
  await using cleanup = new AsyncDisposableStack();
  const client = cleanup.use(await KubernetesClient.connect());
  await freeVolumes(client);
  for (const namespace of NAMESPACES) {
    assertEquals(await client.get("Namespace", namespace), undefined, "face-it is installed");
  }
  cleanup.defer(async () => {
    await sh("exec helm uninstall face-it --ignore-not-found");
    await kubectl("delete", "namespace", ...NAMESPACES, "--ignore-not-found");
  });
  const port = freePort();
  const commands = (await readmeCommands()).kubernetes
    .filter((command) => !DONE_BEFORE.test(command));
  const move = await sectionCommands("docs/upgrade.md", "## Move a gallery into the service");
  assertEquals(move.length > 0, true, "docs/upgrade.md does not say how to move a gallery");
  commands.splice(
    1 + commands.findLastIndex((command) => HELD_BY_WORKERS.test(command)),
    0,
    ...move.slice(0, -2),
    IMPORT_LOG,
    ...move.slice(-2),
  );
  let recognised = 0;
  let assignments = "";
  for (const command of commands) {
    if (ASSIGNMENT.test(command)) {
      assignments += `${fillIn(command, port)}; `;
      continue;
    }
    const line = `${assignments}exec ${fillIn(command, port)}`;
    if (PORT_FORWARD.test(command)) {
      cleanup.use(await keepRunning(line, port));
      continue;
    }
    const output = await sh(line);
    if (command === IMPORT_LOG) assertMatch(output, /^Imported 3 users/m);
    if (!/^curl .*\/authenticate$/.test(command)) continue;
    assertMatch(output, /"matched":true,"user_id":"user1"/);
    recognised++;
  }
  assertEquals(recognised > 0, true, "The README has no curl command for the cluster");
});

function spawn(line: string, stderr: "inherit" | "piped"): Deno.ChildProcess {
  const args = ["-c", line];
  return new Deno.Command("bash", { args, stdout: "piped", stderr }).spawn();
}

async function sh(line: string): Promise<string> {
  const { code, stdout, stderr } = await spawn(line, "piped").output();
  assertEquals(code, 0, `${line}\n${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Starts a command that keeps running, and waits until it listens at a port. */
async function keepRunning(line: string, port: number): Promise<AsyncDisposable> {
  const child = spawn(line, "inherit");
  const drained = child.stdout.pipeTo(new WritableStream());
  let ended = false;
  const status = child.status.finally(() => ended = true);
  await eventually(async () => {
    const response = await fetch(`http://localhost:${port}/ready`).catch(() => undefined);
    await response?.body?.cancel();
    return response?.ok === true;
  }, `${line} listens`);
  return {
    async [Symbol.asyncDispose]() {
      // The command may have ended already, because its pod is gone.
      if (!ended) child.kill("SIGTERM");
      await status;
      await drained;
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
