/** Pools of pods in a real cluster, for the pool's behaviour suite. */

import { createPodApi } from "../../api/pool/kubernetes/api_server/client.ts";
import { KubernetesPool } from "../../api/pool/kubernetes/kubernetes_pool.ts";
import { delay } from "../../shared/backoff.ts";
import { createLogger } from "../../shared/log.ts";
import { createApiMetrics } from "../../api/metrics.ts";
import type { PoolBackend } from "../contract/pool_contract.ts";
import { Admin } from "../support/kubernetes.ts";
import { FakeKubelet } from "./fake_kubelet.ts";
import { install } from "./installation.ts";

/** Opens pools in a namespace of their own. */
export async function openKubernetesBackend(): Promise<PoolBackend> {
  await using opened = new AsyncDisposableStack();
  const admin = opened.use(await Admin.connect());
  const installation = opened.use(await install(admin, 0));
  const kubelet = opened.use(new FakeKubelet(admin, installation.podsPath));
  const { namespace, ownerName, labels } = installation;
  const log = await createLogger({ level: "silent", format: "json", service: "test" });
  const now = () => performance.now();
  const stack = opened.move();
  return {
    async open({ size, ...settings }) {
      await installation.scale(size);
      const metrics = createApiMetrics().pool;
      const api = await createPodApi({
        config: installation.config(),
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
