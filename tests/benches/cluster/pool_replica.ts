/**
 * The program that runs the pool of one replica. `replica_process.ts` starts it. The program reads
 * commands from standard input and writes an answer to each to standard output. Each command and
 * each answer is one line of JSON. The program ends when its input ends. It reads the same
 * environment variables as the api.
 */

import { KubeConfig } from "@kubernetes/client-node";
import type { RequestOptions } from "node:https";
import process from "node:process";
import { createInterface } from "node:readline";
import { Agent, request } from "undici";
import { readApiConfig } from "../../../api/config.ts";
import { openKubernetesPool } from "../../../api/pool/kubernetes/open_kubernetes_pool.ts";
import { claimPatch } from "../../../api/pool/kubernetes/claim.ts";
import { readPod } from "../../../api/pool/kubernetes/pod.ts";
import { createLogger } from "../../../shared/log.ts";
import { createApiMetrics } from "../../../api/metrics.ts";
import { forever } from "../../support/forever.ts";
import { timed, timeInTurns } from "../timing.ts";

/** A command for a replica. */
export type Command =
  /** Returns the number of free pods. */
  | { readonly do: "count" }
  | PrepareCommand
  /** Claims or patches `count` pods, `atOnce` of them at a time. Returns the total milliseconds. */
  | { readonly do: "claim" | "patch"; readonly count: number; readonly atOnce: number }
  /** Claims `count` pods and patches `count` pods, in turns. Returns PairedTimes. */
  | { readonly do: "turns"; readonly count: number }
  /** Ends all leases. Returns the number of claims that were lost since the last "release". */
  | { readonly do: "release" };

/** Prepares the patches. This replica patches every `of`-th pod of the list, beginning at `nth`. */
interface PrepareCommand {
  readonly do: "prepare";
  /** Path of the pods at the API server. */
  readonly pods: string;
  /** Label selector of the pods to patch. */
  readonly label: string;
  /** Path of the ConfigMap that becomes the pods' owner. */
  readonly owner: string;
  readonly nth: number;
  readonly of: number;
}

/** A patch that is ready to be sent. */
interface PreparedPatch {
  readonly path: string;
  readonly body: string;
}

const config = readApiConfig(Deno.env);
if (config.pool.kind !== "kubernetes") throw new TypeError("The replica needs POOL=kubernetes");
const metrics = createApiMetrics();
const { pool } = await openKubernetesPool(config, config.pool, {
  log: await createLogger(config.log),
  metrics,
  now: () => performance.now(),
});

const credentials = new KubeConfig(), tls: RequestOptions = {};
credentials.loadFromDefault();
await credentials.applyToHTTPSOptions(tls);
const server = credentials.getCurrentCluster()!.server;
const agent = new Agent({ allowH2: false, connect: { ca: String(tls.ca) } });

/** Calls the API server without the pool, as the pool's account. Connections are kept alive. */
async function call(method: "GET" | "PATCH", path: string, body?: string) {
  const { statusCode, body: answer } = await request(server + path, {
    method,
    dispatcher: agent,
    headers: {
      ...tls.headers as Record<string, string>,
      "Content-Type": "application/json-patch+json",
    },
    body: body ?? null,
  });
  // deno-lint-ignore no-explicit-any
  const object: any = await answer.json();
  if (statusCode !== 200) throw new Error(`${method} ${path}: ${statusCode} ${object.message}`);
  return object;
}

let leases = new AsyncDisposableStack();
let patches: PreparedPatch[] = [];
let lostBefore = 0;

const actions = {
  async claim() {
    leases.use(await pool.claim(forever()));
  },
  async patch() {
    const { path, body } = patches.pop()!;
    await call("PATCH", path, body);
  },
};

async function prepare({ pods, label, owner, nth, of }: PrepareCommand): Promise<number> {
  const { items } = await call("GET", `${pods}?labelSelector=${encodeURIComponent(label)}`);
  const { metadata: { name, uid } } = await call("GET", owner);
  patches = items.map(readPod).filter((_: unknown, i: number) => i % of === nth).map(
    (pod: ReturnType<typeof readPod>) => {
      const claim = { id: crypto.randomUUID(), by: "bench", deadline: Date.now() + 600_000 };
      const body = JSON.stringify(claimPatch(pod, claim, { name, uid }, Date.now()));
      return { path: `${pods}/${pod.name}`, body };
    },
  );
  return patches.length;
}

async function release(): Promise<number> {
  await leases.disposeAsync();
  leases = new AsyncDisposableStack();
  const counts = (await metrics.text()).matchAll(/^face_it_pool_lost_claims_total\S* (\d+)$/gm);
  const lost = counts.reduce((sum, [, count]) => sum + Number(count), 0);
  const lostSince = lost - lostBefore;
  lostBefore = lost;
  return lostSince;
}

async function execute(command: Command): Promise<unknown> {
  switch (command.do) {
    case "count":
      return pool.stats().free;
    case "prepare":
      return await prepare(command);
    case "turns":
      return await timeInTurns(command.count, actions.claim, actions.patch);
    case "release":
      return await release();
    case "claim":
    case "patch": {
      let left = command.count;
      return await timed(() =>
        Promise.all(Array.from({ length: command.atOnce }, async () => {
          while (left-- > 0) await actions[command.do]();
        }))
      );
    }
  }
}

for await (const line of createInterface(process.stdin)) {
  console.log(JSON.stringify(await execute(JSON.parse(line)) ?? null));
}
await leases.disposeAsync();
await pool[Symbol.asyncDispose]();
// Exit explicitly: the program watches the file of the token keys, and this watch never ends.
Deno.exit(0);
