/** The whole product on a cluster whose node runs its pods. */

import { assert } from "@std/assert";
import { install, type Installed, kubectl, list } from "../support/install.ts";
import { type Body, type KubeObject, testWith } from "../support/helm.ts";
import { eventually } from "../support/eventually.ts";
import { type Answer, type PostOptions, postTo, readAnswer } from "../support/service.ts";

/** Where the tests reach the api: a port of the node that is one of this machine, too. */
export const SERVICE = new URL("http://127.0.0.1:30080");

const given = Deno.env.get("FACE_IT_TEST_E2E") === "1";
const required = Deno.env.get("FACE_IT_REQUIRE_E2E") === "1";
const NEED = "FACE_IT_TEST_E2E=1 and a cluster with both images: see CONTRIBUTING.md";
const START_TIMEOUT_MS = 90_000;

/** Registers a test of the whole product. */
export function e2eTest(name: string, body: Body): void {
  testWith(given, NEED, name, body, required);
}

/** The chart's objects, and the service that they are. */
export interface Release extends Installed {
  /** Posts to /authenticate. */
  post(body: Uint8Array | string | FormData, options?: PostOptions): Promise<Answer>;
  /** All pods of workers, claimed or not. */
  workers(): Promise<KubeObject[]>;
  /** Waits until the Deployment's pods are all there, and none beside them. */
  untilFull(size: number): Promise<void>;
  /** Gives the Deployment so many pods and waits until they serve. */
  scale(size: number): Promise<void>;
  /** Waits until the node's port leads to a ready api, which it does some moments after. */
  untilServing(): Promise<void>;
  /** Waits until all that the last upgrade changed is in place. */
  rolledOut(): Promise<void>;
}

/** What every release has: the sample gallery and a port for the tests. */
export const BASE: readonly string[] = [
  "api.service.type=NodePort",
  `api.service.nodePort=${SERVICE.port}`,
];
/** The sample gallery. */
export const SAMPLE_GALLERY = "--set-file=gallery.json=test-data/embeddings.json";

/** Installs the chart and waits until it serves. */
export async function openRelease(...set: string[]): Promise<Release> {
  await using opened = new AsyncDisposableStack();
  const installed = opened.use(await install(...BASE, ...set));
  const inWorkers = `--namespace=${installed.worker}`;
  const release: Release = {
    ...installed,
    upgrade: (...set) => installed.upgrade(...BASE, ...set),
    post: (body, options) => postTo(SERVICE, body, options),
    workers: () => list("pods", inWorkers, "--selector=app=face-recognition-worker"),
    async untilFull(size) {
      await eventually(
        async () => {
          const workers = await release.workers();
          return workers.length === size && workers.every(isFree);
        },
        `${size} free workers and no other`,
        START_TIMEOUT_MS,
      );
    },
    async scale(size) {
      const deployment = `deployment/${installed.release}-worker`;
      const { ok, text } = await kubectl(["scale", deployment, inWorkers, `--replicas=${size}`]);
      assert(ok, text);
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
      for (const [namespace, part] of [[installed.api, "api"], [installed.worker, "worker"]]) {
        const deployment = `deployment/${installed.release}-${part}`;
        const { ok, text } = await kubectl([
          "rollout",
          "status",
          deployment,
          `--namespace=${namespace}`,
          `--timeout=${START_TIMEOUT_MS}ms`,
        ]);
        assert(ok, text);
      }
    },
  };
  await release.rolledOut();
  opened.move();
  return release;
}

/** Whether a worker can be claimed. */
export function isFree({ metadata, status }: KubeObject): boolean {
  return metadata.labels?.["status"] === "ready" && !("deletionTimestamp" in metadata) &&
    isReady({ status });
}

/** Whether a pod is Ready. */
export function isReady({ status }: Pick<KubeObject, "status">): boolean {
  const conditions: { type: string; status: string }[] = status?.conditions ?? [];
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}
