/** Replicas of the api: processes with the chart's settings and the rights of its service account. */

import type { KubeConfig } from "@kubernetes/client-node";
import { parseTokenKeys } from "../../shared/http/worker_token.ts";
import { Service } from "../support/service.ts";
import { Admin } from "../support/kubernetes.ts";
import { FakeKubelet } from "./fake_kubelet.ts";
import { install, type Installation } from "./installation.ts";

/** What the api takes for a picture; the fake workers do not look at it. */
export const PICTURE = new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 16]);

/** How a replica is started. */
export interface ReplicaOptions {
  /** Beside what the chart gives it. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where it finds the API server. */
  readonly server?: string;
  /** Its credentials, if not the service account's. */
  readonly config?: KubeConfig;
  /** Files that it may read beside its own. */
  readonly readable?: readonly string[];
  /** What to wait for. */
  readonly until?: "ready" | "listening";
}

/** A pool in the cluster, and the means to start replicas of the api for it. */
export interface ReplicatedPool extends AsyncDisposable {
  readonly admin: Admin;
  readonly installation: Installation;
  readonly kubelet: FakeKubelet;
  /** Starts a replica; it ends with the pool. */
  start(options?: ReplicaOptions): Promise<Service>;
}

/** Installs a Deployment of that many pods, and plays the kubelet for it. */
export async function openReplicatedPool(replicas: number): Promise<ReplicatedPool> {
  await using opened = new AsyncDisposableStack();
  const admin = opened.use(await Admin.connect());
  const installation = opened.use(await install(admin, replicas));
  const kubelet = opened.use(
    new FakeKubelet(admin, installation.podsPath, parseTokenKeys(installation.tokenKeys)),
  );
  const stack = opened.move();
  return {
    admin,
    installation,
    kubelet,
    async start(
      { env, server, config = installation.config(server), readable = [], until = "ready" } = {},
    ) {
      const folder = await Deno.makeTempDir();
      stack.defer(() => Deno.remove(folder, { recursive: true }));
      const files = {
        KUBECONFIG: `${folder}/kubeconfig`,
        WORKER_TOKEN_KEYS_PATH: `${folder}/keys`,
      };
      await Deno.writeTextFile(files.KUBECONFIG, config.exportConfig());
      await Deno.writeTextFile(files.WORKER_TOKEN_KEYS_PATH, installation.tokenKeys);
      const service = stack.use(
        new Service(
          { ...installation.env, ...files, WORKER_PORT: String(kubelet.port), ...env },
          ["run", "-q", "-P=api", `--allow-read=${[folder, ...readable].join()}`, "api/main.ts"],
        ),
      );
      if (until === "ready") await service.untilReady();
      else await service.untilListening();
      return service;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
