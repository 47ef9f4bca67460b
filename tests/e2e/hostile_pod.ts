/** Runs a hostile worker in a pod that is otherwise like the pods of the pool. */

import { signWorkerToken } from "../../shared/http/worker_token.ts";
import { parsePrivateKeys } from "../../shared/http/token_keys.ts";
import { hasAttacked, readAttempts, type TriedAttempt } from "../seal/attempts.ts";
import { type Replaced, testImportMap } from "../seal/hostile_import_map.ts";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";
import type { KubeObject } from "../support/kubernetes.ts";
import { runProgram } from "../support/run_program.ts";
import { forwardPort } from "./forward_port.ts";
import { isReady, type Release } from "./release.ts";

const START_TIMEOUT_MS = 90_000;
const SOURCES = "tests/seal";
/** Folder of the sources in the pod, and of the project in the image. */
const MOUNTED = "/app/tests/seal", ROOT = "/app";
/**
 * Files of a process that another one of the same user may read, unless it is not dumpable. Some
 * kernels refuse `mem` to all processes but the parents.
 */
export const PROCESS_FILES: readonly string[] = ["environ", "maps"];

/** A pod with a hostile worker. */
export interface HostilePod {
  /** The pod as the API server stores it. */
  readonly pod: KubeObject;
  /** The worker's answer to `GET /ready`. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Returns the files of the worker's process that another process of the pod can open. */
  openedByOthers(): Promise<string[]>;
  /** Sends the picture that takes the worker over, and returns what the worker then tried. */
  attack(picture: Uint8Array<ArrayBuffer>): Promise<TriedAttempt[]>;
}

/**
 * Starts the pod: the template of the pool's Deployment, with another command, and with the sources
 * of the attack mounted. Waits until the worker serves.
 */
export async function startHostilePod(
  release: Release,
  replaced: readonly Replaced[],
): Promise<HostilePod> {
  const { client, release: app, worker: namespace } = release;
  const name = `hostile-${crypto.randomUUID().slice(0, 8)}`;
  const object = { name, namespace };
  const map = JSON.stringify(testImportMap(ROOT, replaced));
  await client.create({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: object,
    data: { ...await readSources(), "map.json": map },
  });
  const deployment = await client.get("Deployment", `${app}-worker`, namespace);
  const { metadata, spec } = deployment!.spec.template;
  const [container] = spec.containers;
  await client.create({
    apiVersion: "v1",
    kind: "Pod",
    // A ReplicaSet finds its pods by a hash that this template lacks, so none owns this pod.
    metadata: { ...metadata, ...object },
    spec: {
      ...spec,
      restartPolicy: "Never",
      containers: [{
        ...container,
        command: await hostileCommand(),
        volumeMounts: [
          ...container.volumeMounts ?? [],
          { name: "hostile", mountPath: MOUNTED, readOnly: true },
        ],
      }],
      volumes: [...spec.volumes ?? [], { name: "hostile", configMap: { name } }],
    },
  });
  const log = async () => (await kubectl("logs", name, `--namespace=${namespace}`)).split("\n");
  try {
    await eventually(
      async () => {
        const pod = (await client.get("Pod", name, namespace))!;
        if (pod.status.phase === "Failed") throw new Error(`${name} has ended`);
        return isReady(pod);
      },
      `${name} is Ready`,
      START_TIMEOUT_MS,
    );
  } catch (error) {
    for (const command of ["describe", "logs"]) {
      const { text } = await runProgram("kubectl", [
        command,
        `pod/${name}`,
        `--namespace=${namespace}`,
      ]);
      console.error(text);
    }
    throw error;
  }
  const pod = (await client.get("Pod", name, namespace))!;
  await using forwarded = await forwardPort(object, 8080);
  const ready = await (await fetch(new URL("/ready", forwarded.url))).json();
  return {
    pod,
    ready,
    async openedByOthers() {
      const opened: string[] = [];
      for (const file of PROCESS_FILES) {
        // Opens the file, and reads nothing.
        const open = ["dd", `if=/proc/1/${file}`, "of=/dev/null", "count=0"];
        const args = ["exec", name, `--namespace=${namespace}`, "--", ...open];
        if ((await runProgram("kubectl", args)).ok) opened.push(file);
      }
      return opened;
    },
    async attack(picture) {
      await using forwarded = await forwardPort(object, 8080);
      const secret = await client.get("Secret", `${app}-token-private`, release.api);
      const keys = parsePrivateKeys(atob(secret!.data["private.pem"]));
      const response = await fetch(new URL("/embed", forwarded.url), {
        method: "POST",
        headers: { Authorization: `Bearer ${signWorkerToken(keys, name)}` },
        body: picture,
      });
      const { length } = await response.bytes();
      try {
        await eventually(async () => hasAttacked(await log()), "the attack is in the log", 20_000);
      } catch (error) {
        console.error(response.status, length, (await log()).join("\n"));
        throw error;
      }
      return readAttempts(await log());
    },
  };
}

/** Returns the sources of the attack by their names. */
async function readSources(): Promise<Record<string, string>> {
  const sources: Record<string, string> = {};
  for await (const { name } of Deno.readDir(SOURCES)) {
    if (name.endsWith("_test.ts")) continue;
    sources[name] = await Deno.readTextFile(`${SOURCES}/${name}`);
  }
  return sources;
}

/** Returns the command of the image, with the import map that makes the worker hostile. */
async function hostileCommand(): Promise<string[]> {
  const dockerfile = await Deno.readTextFile("worker/Dockerfile");
  const command: string[] = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)![1]!);
  const program = command.pop()!;
  // The second thread reads its module when the worker starts. Permissions do not stop native code.
  return [...command, "--allow-read", `--import-map=${MOUNTED}/map.json`, program];
}
