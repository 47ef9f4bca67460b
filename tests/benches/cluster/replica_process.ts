/** Starts a process that runs the pool of one replica, and sends commands to it. */

import { fileURLToPath } from "node:url";
import type { InstalledPool } from "../../cluster/install_pool.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import type { Command } from "./pool_replica.ts";

/** The process of a replica. It ends when it is disposed of. */
export interface Replica extends AsyncDisposable {
  /** Sends a command and returns the answer. */
  // deno-lint-ignore no-explicit-any
  send(command: Command): Promise<any>;
}

/** Settings of a replica. */
export interface ReplicaOptions {
  /** Milliseconds of a lease. A measurement must be shorter, so that no lease ends during it. */
  readonly leaseMs: number;
  readonly queueLimit: number;
}

/** Starts a replica with the rights of the api's service account. */
export async function openReplica(
  installed: InstalledPool,
  { leaseMs, queueLimit }: ReplicaOptions,
): Promise<Replica> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(
    await temporaryFolder({
      kubeconfig: (await installed.accountConfig()).exportConfig(),
      keys: installed.tokenKeys.privatePem,
    }),
  );
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-P=test", fileURLToPath(new URL("pool_replica.ts", import.meta.url))],
    env: {
      ...installed.env,
      KUBECONFIG: folder.path("kubeconfig"),
      WORKER_TOKEN_PRIVATE_KEYS_PATH: folder.path("keys"),
      LOG_LEVEL: "error",
      REQUEST_TIMEOUT_MS: String(leaseMs),
      QUEUE_LIMIT: String(queueLimit),
    },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const answers = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  opened.defer(async () => {
    await input.close();
    await child.status;
    await answers.cancel();
  });
  let text = "";
  const resources = opened.move();
  return {
    async send(command) {
      await input.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
      while (!text.includes("\n")) {
        const { value, done } = await answers.read();
        if (done) throw new Error("The process of a replica ended early");
        text += value;
      }
      const [line] = text.split("\n", 1);
      text = text.slice(line!.length + 1);
      return JSON.parse(line!);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
