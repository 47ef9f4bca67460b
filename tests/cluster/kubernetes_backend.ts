/** Opens pools of pods in a real cluster, for the tests that every pool must pass. */

import { createPodApi } from "../../api/pool/kubernetes/api_server/client.ts";
import { KubernetesPool } from "../../api/pool/kubernetes/kubernetes_pool.ts";
import { delay } from "../../shared/backoff.ts";
import { createLogger } from "../../shared/log.ts";
import { createApiMetrics } from "../../api/metrics.ts";
import type { PoolBackend } from "../contract/pool_contract.ts";
import { FakeKubelet } from "./fake_kubelet.ts";
import { installPool } from "./install_pool.ts";

/** Installs the chart, and opens pools of its workers. */
export async function openKubernetesBackend(): Promise<PoolBackend> {
  await using opened = new AsyncDisposableStack();
  const installed = opened.use(await installPool(0));
  const { client, podsPath, worker: namespace, ownerName, labels } = installed;
  const kubelet = opened.use(new FakeKubelet(client, podsPath));
  const log = await createLogger({ level: "silent", format: "json", service: "test" });
  const now = () => performance.now();
  const stack = opened.move();
  return {
    async open({ size, ...settings }) {
      await installed.scale(size);
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
          replica: "test",
          selector: labels,
          ownerName,
          workerPort: kubelet.port,
          requestTimeoutMs: 10_000,
          leaseMaxMs: 60_000,
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
    },
    exists: (name) => Promise.resolve(kubelet.pods.has(name)),
    count: () => Promise.resolve(kubelet.pods.size),
    kill: (name) => kubelet.kill(name),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
