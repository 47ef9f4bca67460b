// The README's commands for a cluster, as they are written: in the namespaces that the chart names.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { get, kubectl } from "../support/install.ts";
import { eventually } from "../support/eventually.ts";
import { bashCommands, readmeCommands } from "../support/readme_commands.ts";
import { e2eTest } from "./release.ts";

const NAMESPACES = ["face-it-api", "face-it-workers"];
/** They make the cluster and the images, which are there when the tests run. */
const BEFORE = /^kind |^npx -y deno@\S+ task image$/;
const PORT_FORWARD = /port-forward/;
const COMMANDS = (await readmeCommands()).kubernetes;

e2eTest("the README's commands for a cluster do what it says", async () => {
  for (const namespace of NAMESPACES) {
    assertEquals(await get("namespace", namespace), undefined, "face-it is installed already");
  }
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => {
    await sh("helm uninstall face-it --ignore-not-found");
    await kubectl(["delete", "namespace", ...NAMESPACES, "--ignore-not-found"]);
  });
  const port = freePort();
  for (const command of COMMANDS.filter((command) => !BEFORE.test(command))) {
    const line = command
      .replaceAll("REGISTRY", "docker.io")
      .replace("--from-file=gallery.json", "--from-file=gallery.json=test-data/embeddings.json")
      .replace("8080:80", `${port}:80`)
      .replace("localhost:8080", `localhost:${port}`);
    if (PORT_FORWARD.test(command)) {
      cleanup.use(await goesOn(line, port));
      continue;
    }
    const output = await sh(line);
    if (command.startsWith("curl")) assertMatch(output, /"matched":true,"user_id":"user1"/);
  }
});

Deno.test("the chart's README names no other commands, but for models of one's own", async () => {
  const commands = bashCommands(await Deno.readTextFile("charts/face-it/README.md"));
  const others = commands.filter((command) => !COMMANDS.includes(command));
  assertEquals(others.length, 1);
  assertMatch(others[0]!, /--set models\.persistentVolumeClaim=/);
});

function spawn(line: string): Deno.ChildProcess {
  const args = ["-c", `exec ${line}`];
  return new Deno.Command("bash", { args, stdout: "piped", stderr: "inherit" }).spawn();
}

async function sh(line: string): Promise<string> {
  const { code, stdout } = await spawn(line).output();
  assertEquals(code, 0, line);
  return new TextDecoder().decode(stdout);
}

/** Starts a command that ends only when it is told to, and waits until it listens. */
async function goesOn(line: string, port: number): Promise<AsyncDisposable> {
  const child = spawn(line);
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
      // It may end by itself when its pod goes.
      if (!ended) child.kill("SIGTERM");
      await status;
      await drained;
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  assert(port > 0);
  return port;
}
