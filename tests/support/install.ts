/** Installs the chart into a cluster that tests may change. */

import { KubeConfig } from "@kubernetes/client-node";
import { assert } from "@std/assert";
import { CHART, find, helm, renderAs } from "./helm.ts";
import { type Kind, type KubeObject, KubernetesClient } from "./kubernetes.ts";

/** Options of {@linkcode install}. */
export interface InstallOptions {
  /** Values as `name=value`, and other arguments of helm as `--name=value`. */
  readonly set?: readonly string[];
  /**
   * Lets helm run the chart's hooks. They need a node. Without this option, no hook runs: the
   * namespaces are made here, and there are no token keys.
   */
  readonly hooks?: boolean;
  /** Namespace of the release: `default`, or the api's namespace, which helm creates. */
  readonly releaseNamespace?: "default" | "api";
  /**
   * Number of workers that no scheduler assigns to a node, so that a test can act as their kubelet.
   * With this option, the chart's objects are posted without a helm release, because helm has no
   * option to leave out the scheduler. Helm also takes several times as long.
   */
  readonly unscheduledWorkers?: number;
}

/** The chart, installed into two new namespaces. Disposing of it removes all of its objects. */
export interface Installed extends AsyncDisposable {
  /** Calls the API server with the rights of an administrator. */
  readonly client: KubernetesClient;
  /** Name of the release. The names of its objects begin with it. */
  readonly release: string;
  /** Namespace of the api. */
  readonly api: string;
  /** Namespace of the workers. */
  readonly worker: string;
  /** Installs or upgrades the release. `set` is as in {@linkcode InstallOptions}. */
  upgrade(...set: string[]): Promise<void>;
  /** Uninstalls the release. */
  uninstall(): Promise<void>;
  /** Sets the number of workers. */
  scale(replicas: number): Promise<void>;
  /**
   * Returns a configuration that has only the rights of the api's service account.
   *
   * @param server URL of the API server, or of a proxy in front of it
   */
  accountConfig(server?: string): Promise<KubeConfig>;
}

/** Values of the smallest installation, for tests that check no pods. */
export const SMALL: readonly string[] = ["poolSize=1", "api.replicas=0"];

/** Installs the chart. */
export async function install(options: InstallOptions = {}): Promise<Installed> {
  const { set = [], hooks = false, releaseNamespace = "default", unscheduledWorkers } = options;
  const id = crypto.randomUUID().slice(0, 8);
  const [release, api, worker] = [`face-it-${id}`, `test-api-${id}`, `test-workers-${id}`];
  const own = releaseNamespace === "api" ? api : releaseNamespace;
  const home = ["--namespace", own];
  const valuesOf = (set: readonly string[]) =>
    [`namespaces.api=${api}`, `namespaces.worker=${worker}`, ...set]
      .map((value) => value.startsWith("--") ? value : `--set=${value}`);

  await using opened = new AsyncDisposableStack();
  const client = opened.use(await KubernetesClient.connect());
  opened.defer(async () => {
    // Deleting a namespace deletes everything in it.
    for (const namespace of [api, worker]) await client.delete("Namespace", namespace);
  });
  const installed: Omit<Installed, keyof AsyncDisposable> = {
    client,
    release,
    api,
    worker,
    async upgrade(...set) {
      if (!hooks) await makeNamespaces(client, [api, worker].filter((name) => name !== own));
      const args = [
        ...valuesOf(set),
        ...home,
        "--create-namespace",
        ...hooks ? [] : ["--no-hooks"],
      ];
      const { ok, text } = await helm(["upgrade", "--install", release, CHART, ...args]);
      assert(ok, text);
    },
    async uninstall() {
      const args = ["--ignore-not-found", ...home, ...hooks ? [] : ["--no-hooks"]];
      const { ok, text } = await helm(["uninstall", release, ...args]);
      assert(ok, text);
    },
    async scale(replicas) {
      await client.patch("Deployment", `${release}-worker`, worker, { spec: { replicas } });
    },
    async accountConfig(server = client.server) {
      const { status: { token } } = await client.call(
        "POST",
        `/api/v1/namespaces/${api}/serviceaccounts/${release}-api/token`,
        { spec: { expirationSeconds: 3600 } },
      );
      const config = new KubeConfig();
      config.loadFromClusterAndUser(
        {
          name: "test",
          server,
          caData: btoa(client.ca),
          skipTLSVerify: server.startsWith("http:"),
        },
        { name: `${release}-api`, token },
      );
      return config;
    },
  };
  if (unscheduledWorkers === undefined) {
    opened.defer(() => installed.uninstall());
    await installed.upgrade(...set);
  } else {
    await makeNamespaces(client, [api, worker]);
    const objects = await renderAs(release, ["--no-hooks", ...valuesOf(set)]);
    const deployment = find(objects, `Deployment/${release}-worker`);
    deployment.spec.replicas = unscheduledWorkers;
    // With a node, the default scheduler would run the pods. Without a node, it would change them
    // again and again.
    deployment.spec.template.spec.schedulerName = "none";
    await post(objects, client, opened);
  }
  const stack = opened.move();
  return { ...installed, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Makes the namespaces that do not exist, as the chart's hook does. */
async function makeNamespaces(client: KubernetesClient, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    if (await client.get("Namespace", name)) continue;
    await client.create({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
  }
}

/** Creates objects. Disposing of `stack` deletes the objects that have no namespace. */
async function post(
  objects: readonly KubeObject[],
  client: KubernetesClient,
  stack: AsyncDisposableStack,
): Promise<void> {
  for (const object of objects) {
    const { kind, metadata: { name, namespace } } = await client.create(object);
    if (namespace === undefined) stack.defer(() => client.delete(kind as Kind, name));
  }
}
