/** Starts replicas of the api: processes with the chart's settings and its service account's rights. */

import type { KubeConfig } from "@kubernetes/client-node";
import { png } from "../support/png.ts";
import { Service } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { FakeKubelet } from "./fake_kubelet.ts";
import { type InstalledPool, installPool } from "./install_pool.ts";

/** A picture that the api accepts; the fake workers do not read it. */
export const PICTURE = png({ width: 1, height: 1 }, [[255, 0, 0]]);

/** Options of a replica. */
export interface ReplicaOptions {
  /** Variables in addition to the variables that the chart sets. */
  readonly env?: Readonly<Record<string, string>>;
  /** URL that the replica uses to call the API server. */
  readonly server?: string;
  /** Credentials; by default the credentials of the api's service account. */
  readonly config?: KubeConfig;
  /** Milliseconds by which the replica's own clock is ahead. */
  readonly skewMs?: number;
  /** Files that the replica may read in addition to its own files. */
  readonly readable?: readonly string[];
  /** State of the replica to wait for. */
  readonly until?: "ready" | "listening";
}

/** A pool in the cluster. A test can start replicas for it. */
export interface ReplicatedPool extends AsyncDisposable {
  readonly installed: InstalledPool;
  readonly kubelet: FakeKubelet;
  /** Starts a replica, which ends with the pool. */
  start(options?: ReplicaOptions): Promise<Service>;
}

/** Installs the chart with a Deployment of `workers` pods, and plays the kubelet for the pods. */
export async function openReplicatedPool(workers: number): Promise<ReplicatedPool> {
  await using opened = new AsyncDisposableStack();
  const installed = opened.use(await installPool(workers));
  const { client, podsPath, tokenKeys } = installed;
  const kubelet = opened.use(new FakeKubelet(client, podsPath, tokenKeys.verifying));
  const stack = opened.move();
  return {
    installed,
    kubelet,
    async start({ env, server, config, skewMs = 0, readable = [], until = "ready" } = {}) {
      const credentials = config ?? await installed.accountConfig(server);
      const folder = stack.use(
        await temporaryFolder({
          kubeconfig: credentials.exportConfig(),
          keys: tokenKeys.privatePem,
          "keys.json": '{"keys": []}',
          "skew.js": skewClock(skewMs),
        }),
      );
      const files = {
        KUBECONFIG: folder.path("kubeconfig"),
        WORKER_TOKEN_PRIVATE_KEYS_PATH: folder.path("keys"),
        API_KEYS_PATH: folder.path("keys.json"),
      };
      const read = `--allow-read=${[folder.root, ...readable].join()}`;
      const service = stack.use(
        new Service(
          { ...installed.env, ...files, WORKER_PORT: String(kubelet.port), ...env },
          ["run", "-q", "-P=api", read, `--preload=${folder.path("skew.js")}`, "api/main.ts"],
        ),
      );
      if (until === "ready") await service.untilReady();
      else await service.untilListening();
      return service;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Returns a program that makes the clock of its process wrong. */
const skewClock = (ms: number): string => `
  const Clock = Date;
  globalThis.Date = class extends Clock {
    constructor(...args) {
      if (args.length === 0) super(Clock.now() + ${ms});
      else super(...args);
    }
    static now() {
      return Clock.now() + ${ms};
    }
  };
`;
