/** Replicas of the api: processes with the rights of its service account, and no others. */

import { parseTokenKeys, randomTokenKey } from "../../shared/worker_token.ts";
import { Service } from "../integration/service.ts";
import { Admin } from "./admin.ts";
import { FakeKubelet } from "./fake_kubelet.ts";
import { install, type Installation } from "./installation.ts";

/** What the api takes for a picture; the fake workers do not look at it. */
export const PICTURE = new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 16]);

/** A pool in the cluster, and the means to start replicas of the api for it. */
export interface ReplicatedPool extends AsyncDisposable {
  readonly admin: Admin;
  readonly installation: Installation;
  readonly kubelet: FakeKubelet;
  /**
   * Starts a replica; it ends with the pool.
   *
   * @param env Beside what it needs
   * @param server Where it finds the API server
   * @param until What to wait for
   */
  start(
    env?: Readonly<Record<string, string>>,
    server?: string,
    until?: "ready" | "listening",
  ): Promise<Service>;
}

/** Installs a Deployment of that many pods, and plays the kubelet for it. */
export async function openReplicatedPool(replicas: number): Promise<ReplicatedPool> {
  await using opened = new AsyncDisposableStack();
  const key = randomTokenKey();
  const admin = opened.use(await Admin.connect());
  const installation = opened.use(await install(admin, replicas));
  const kubelet = opened.use(
    new FakeKubelet(admin, installation.podsPath, parseTokenKeys(key)),
  );
  const stack = opened.move();
  return {
    admin,
    installation,
    kubelet,
    async start(env = {}, server = admin.server, until = "ready") {
      const kubeconfig = await Deno.makeTempFile({ suffix: ".json" });
      stack.defer(() => Deno.remove(kubeconfig));
      await Deno.writeTextFile(kubeconfig, installation.config(server).exportConfig());
      const service = stack.use(
        new Service(
          {
            POOL: "kubernetes",
            KUBECONFIG: kubeconfig,
            WORKER_NAMESPACE: installation.namespace,
            WORKER_PORT: String(kubelet.port),
            WORKER_TOKEN_KEYS: key,
            ...env,
          },
          ["run", "-q", "-P=api", `--allow-read=${kubeconfig}`, "api/main.ts"],
        ),
      );
      if (until === "ready") await service.untilReady();
      else await service.untilListening();
      return service;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
