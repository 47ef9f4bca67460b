/** Opens pools of pods in a real cluster, for the tests that every pool must pass. */

import { createPodApi } from "../../api/pool/kubernetes/api_server/client.ts";
import {
  KubernetesPool,
  type ProcessesOptions,
} from "../../api/pool/kubernetes/kubernetes_pool.ts";
import { createReadyClient } from "../../api/pool/kubernetes/ready_client.ts";
import { createSupervisorClient } from "../../api/pool/kubernetes/supervisor_client.ts";
import { delay } from "../../shared/backoff.ts";
import { createLogger } from "../../shared/log.ts";
import { createApiMetrics } from "../../api/metrics.ts";
import type { PoolBackend, PoolSettings } from "../contract/pool_contract.ts";
import { FakeKubelet } from "./fake_kubelet.ts";
import { FakePodSupervisors } from "./fake_supervisors.ts";
import { installPool } from "./install_pool.ts";

/** Installs the chart, and opens pools of its workers. Each worker is a pod. */
export async function openKubernetesBackend(): Promise<PoolBackend> {
  const { stack, installed, kubelet, open } = await installBackend();
  return {
    async open({ size, ...settings }) {
      await installed.scale(size);
      return await open(settings);
    },
    exists: (name) => Promise.resolve(kubelet.pods.has(name)),
    count: () => Promise.resolve(kubelet.pods.size),
    kill: (name) => kubelet.kill(name),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Installs the chart, and opens pools whose workers are processes of one pod. */
export async function openProcessesBackend(): Promise<PoolBackend> {
  const { stack, installed, kubelet, open } = await installBackend();
  const { tokenKeys } = installed;
  let pods: FakePodSupervisors | undefined;
  return {
    async open({ size, ...settings }) {
      pods = stack.use(
        new FakePodSupervisors(tokenKeys.verifying, size, settings.requestsPerWorker),
      );
      kubelet.answers = (pod, request) => pods!.answer(pod, request);
      await installed.scale(1);
      return await open(settings, {
        perPod: size,
        maxPods: 1,
        supervisors: createSupervisorClient(() => tokenKeys.signing),
      });
    },
    exists: (name) => Promise.resolve(pods?.running(kubelet.pods).includes(name) ?? false),
    count: () => Promise.resolve(pods?.running(kubelet.pods).length ?? 0),
    kill: (name) => Promise.resolve(pods?.kill(name)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function installBackend() {
  await using opened = new AsyncDisposableStack();
  const installed = opened.use(await installPool(0));
  const { client, podsPath, worker: namespace, ownerName, labels } = installed;
  const kubelet = opened.use(new FakeKubelet(client, podsPath));
  const log = await createLogger({ level: "silent", format: "json", service: "test" });
  const now = () => performance.now();
  const stack = opened.move();
  const open = async (settings: Omit<PoolSettings, "size">, processes?: ProcessesOptions) => {
    const metrics = createApiMetrics().pool;
    const api = await createPodApi({
      config: await installed.accountConfig(),
      namespace,
      selector: `app=${labels["app"]}`,
      owner: ownerName,
      onFailure: (call, code) => metrics.apiFailure(call, code),
      now,
    });
    return stack.use(
      new KubernetesPool({
        ...settings,
        processes,
        replica: "test",
        selector: labels,
        ownerName,
        workerPort: kubelet.port,
        requestTimeoutMs: 10_000,
        leaseMaxMs: 60_000,
        workers: createReadyClient(),
        services: {
          api,
          log,
          metrics,
          now,
          delay,
          random: Math.random,
          newClaimId: () => crypto.randomUUID(),
        },
      }),
    );
  };
  return { stack, installed, kubelet, open };
}
