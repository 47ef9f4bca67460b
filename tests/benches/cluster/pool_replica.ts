/**
 * One replica's pool in a process of its own, for `tests/benches/pool.ts`. It is told what to do by lines
 * of JSON on its standard input, answers each with one on its standard output, and ends with its
 * input. Its environment is the api's.
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
import { timed, timeInTurns } from "../timing.ts";

/** What a replica is told. */
export type Command =
  /** Say how many pods are free: answered with a number. */
  | { readonly do: "count" }
  /** Read which pods there are to patch, of which this replica has every `of`-th. */
  | PrepareCommand
  /** Claim so many pods, or patch them, so many at once. */
  | { readonly do: "claim" | "patch"; readonly count: number; readonly atOnce: number }
  /** Claim one and patch one in turns: answered with the milliseconds of each, as PairedTimes. */
  | { readonly do: "turns"; readonly count: number }
  /** End all leases: answered with how many claims were lost since the last time. */
  | { readonly do: "release" };

interface PrepareCommand {
  readonly do: "prepare";
  /** Where the API server has the pods. */
  readonly pods: string;
  /** What marks those to patch. */
  readonly label: string;
  /** Where it has their owner to be. */
  readonly owner: string;
  readonly nth: number;
  readonly of: number;
}

/** A patch that is ready to be sent. */
interface Prepared {
  readonly path: string;
  readonly body: string;
}

const forever = new AbortController().signal;
const config = readApiConfig(Deno.env);
if (config.pool.kind !== "kubernetes") throw new TypeError("It needs POOL=kubernetes");
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

/** A call without the pool, by the same account, over connections that are kept open. */
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
let prepared: Prepared[] = [];
let lostBefore = 0;

const acts = {
  async claim() {
    leases.use(await pool.claim(forever));
  },
  async patch() {
    const { path, body } = prepared.pop()!;
    await call("PATCH", path, body);
  },
};

async function prepare({ pods, label, owner, nth, of }: PrepareCommand): Promise<number> {
  const { items } = await call("GET", `${pods}?labelSelector=${encodeURIComponent(label)}`);
  const { metadata: { name, uid } } = await call("GET", owner);
  prepared = items.map(readPod).filter((_: unknown, i: number) => i % of === nth).map(
    (pod: ReturnType<typeof readPod>) => {
      const claim = { id: crypto.randomUUID(), by: "bench", deadline: Date.now() + 600_000 };
      const body = JSON.stringify(claimPatch(pod, claim, { name, uid }, Date.now()));
      return { path: `${pods}/${pod.name}`, body };
    },
  );
  return prepared.length;
}

async function release(): Promise<number> {
  await leases.disposeAsync();
  leases = new AsyncDisposableStack();
  const counts = (await metrics.text()).matchAll(/^face_it_pool_lost_claims_total\S* (\d+)$/gm);
  const lost = counts.reduce((sum, [, count]) => sum + Number(count), 0);
  const since = lost - lostBefore;
  lostBefore = lost;
  return since;
}

async function obey(command: Command): Promise<unknown> {
  switch (command.do) {
    case "count":
      return pool.stats().free;
    case "prepare":
      return await prepare(command);
    case "turns":
      return await timeInTurns(command.count, acts.claim, acts.patch);
    case "release":
      return await release();
    case "claim":
    case "patch": {
      let left = command.count;
      return await timed(() =>
        Promise.all(Array.from({ length: command.atOnce }, async () => {
          while (left-- > 0) await acts[command.do]();
        }))
      );
    }
  }
}

for await (const line of createInterface(process.stdin)) {
  console.log(JSON.stringify(await obey(JSON.parse(line)) ?? null));
}
await leases.disposeAsync();
await pool[Symbol.asyncDispose]();
// The token keys would be followed forever.
Deno.exit(0);
