/** Installs the whole product on a cluster with a node that runs the pods. */

import { eventually } from "../support/eventually.ts";
import { install, type Installed } from "../support/install.ts";
import { kubectl } from "../support/kubectl.ts";
import { type KubeObject, KubernetesClient } from "../support/kubernetes.ts";
import { freeVolumes } from "./volumes.ts";
import { type Answer, type PostOptions, postTo, readAnswer } from "../support/answer.ts";

/** URL of the api for the tests: a port of the node that is also a port of this machine. */
export const SERVICE = new URL("http://127.0.0.1:30080");

const START_TIMEOUT_MS = 90_000;

/** The installed chart, and the service that it runs. */
export interface Release extends Installed {
  /** Posts to /authenticate. */
  post(body: Uint8Array | string | FormData, options?: PostOptions): Promise<Answer>;
  /** Returns all pods of workers, claimed or not. */
  workers(): Promise<KubeObject[]>;
  /** Waits until there are `size` free workers and no other workers. */
  untilFull(size: number): Promise<void>;
  /** Waits until the api answers at the node's port: some moments after the api is ready. */
  untilServing(): Promise<void>;
  /** Waits until everything that the last upgrade changed is rolled out. */
  rolledOut(): Promise<void>;
}

/** Values of every release: a port for the tests, and the DNS of the test's node, which is no pod. */
export const BASE: readonly string[] = [
  "api.service.type=NodePort",
  "api.allowAnonymousFromOutside=true",
  "networkPolicy.dns.namespace=",
  `api.service.nodePort=${SERVICE.port}`,
];
/** Argument that installs the sample gallery. */
export const SAMPLE_GALLERY = "--set-file=gallery.json=test-data/embeddings.json";

/** Installs the chart and waits until it serves. */
export async function openRelease(...set: string[]): Promise<Release> {
  await using opened = new AsyncDisposableStack();
  {
    await using admin = await KubernetesClient.connect();
    await freeVolumes(admin);
  }
  const installed = opened.use(await install({ hooks: true, set: [...BASE, ...set] }));
  const { client, api, worker } = installed;
  const release: Release = {
    ...installed,
    upgrade: (...set) => installed.upgrade(...BASE, ...set),
    post: (body, options) => postTo(SERVICE, body, options),
    workers: () => client.list("Pod", worker, "app=face-recognition-worker"),
    async untilFull(size) {
      await eventually(
        async () => {
          const workers = await release.workers();
          return workers.length === size && workers.every(isFree);
        },
        `${size} free workers and no other workers`,
        START_TIMEOUT_MS,
      );
    },
    async scale(size) {
      await installed.scale(size);
      await release.untilFull(size);
    },
    async untilServing() {
      await eventually(
        async () => {
          const answer = await readAnswer(fetch(new URL("/ready", SERVICE))).catch(() => undefined);
          return answer?.status === 200;
        },
        "the service answers at the node's port",
        START_TIMEOUT_MS,
      );
    },
    async rolledOut() {
      const name = `${installed.release}-gallery`;
      const parts: [namespace: string, object: string][] = [
        [api, `deployment/${installed.release}-api`],
        [worker, `deployment/${installed.release}-worker`],
      ];
      for (const kind of ["Deployment", "StatefulSet"] as const) {
        if (await client.get(kind, name, worker)) {
          parts.push([worker, `${kind.toLowerCase()}/${name}`]);
        }
      }
      for (const [namespace, object] of parts) {
        await kubectl(
          "rollout",
          "status",
          object,
          `--namespace=${namespace}`,
          `--timeout=${START_TIMEOUT_MS}ms`,
        );
      }
    },
  };
  await release.rolledOut();
  opened.move();
  return release;
}

/** True when a worker can be claimed. */
export function isFree(pod: KubeObject): boolean {
  const { labels, deletionTimestamp } = pod.metadata;
  return labels?.status === "ready" && deletionTimestamp === undefined && isReady(pod);
}

/** True when a pod is Ready. */
export function isReady({ status }: KubeObject): boolean {
  const conditions: { type: string; status: string }[] = status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}
