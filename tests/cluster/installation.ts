/** The chart in the test cluster: all that it renders, with workers that the test itself runs. */

import { KubeConfig } from "@kubernetes/client-node";
import { environment, find, type KubeObject, render } from "../support/helm.ts";
import type { Admin, Thing } from "../support/kubernetes.ts";

/** What the chart calls things in the release that tests render. */
const ACCOUNT = "face-it-api";
const OWNER = "face-it-pool";
const DEPLOYMENT = "face-it-worker";
const TOKEN_KEYS = "face-it-token-keys";
const LABELS = { app: "face-recognition-worker", status: "ready" };

/** What is installed. */
export interface Installation extends AsyncDisposable {
  /** The workers'. */
  readonly namespace: string;
  readonly ownerName: string;
  /** Of a pod that may be claimed. */
  readonly labels: Readonly<Record<string, string>>;
  /** Of which the Deployment makes its pods: metadata and spec. */
  readonly template: Thing;
  /** What the chart tells the api. */
  readonly env: Readonly<Record<string, string>>;
  /** What the chart lets the api sign its calls with. */
  readonly tokenKeys: string;
  /** Credentials of the api's service account. */
  readonly token: string;
  /** The same, as a configuration of the client. */
  config(server?: string): KubeConfig;
  /** Where the API server has the pods. */
  readonly podsPath: string;
  scale(replicas: number): Promise<void>;
  /** What `kubectl rollout restart` does. */
  restart(): Promise<void>;
}

/** Installs the chart in namespaces of its own, with a Deployment of that many workers. */
export async function install(admin: Admin, replicas: number): Promise<Installation> {
  const id = crypto.randomUUID().slice(0, 8);
  const namespace = `face-it-test-workers-${id}`, apiNamespace = `face-it-test-api-${id}`;
  const values = `namespaces.worker=${namespace},namespaces.api=${apiNamespace},api.replicas=0`;
  const objects = await render("--skip-tests", "--set", values);
  const deployment = find(objects, `Deployment/${DEPLOYMENT}`);
  const api = find(objects, `Deployment/${ACCOUNT}`);
  const keys = objects.find(({ metadata }) => metadata.name === TOKEN_KEYS)!;
  const { spec } = deployment;
  spec.replicas = replicas;
  // Without a node the scheduler would change the pods again and again; with one it would run them.
  spec.template.spec.schedulerName = "none";
  for (const object of objects) await admin.call("POST", pathOf(object), object);
  const { status: { token } } = await admin.call(
    "POST",
    `/api/v1/namespaces/${apiNamespace}/serviceaccounts/${ACCOUNT}/token`,
    { spec: { expirationSeconds: 3600 } },
  );
  const deploymentPath = `${pathOf(deployment)}/${DEPLOYMENT}`;
  return {
    namespace,
    ownerName: OWNER,
    labels: LABELS,
    template: spec.template,
    env: Object.fromEntries(
      Object.entries(environment(api)).filter(([, value]) => value !== undefined),
    ) as Record<string, string>,
    tokenKeys: atob(keys["data"].keys),
    token,
    podsPath: `/api/v1/namespaces/${namespace}/pods`,
    config(server = admin.server) {
      const config = new KubeConfig();
      config.loadFromClusterAndUser(
        { name: "test", server, caData: btoa(admin.ca), skipTLSVerify: server.startsWith("http:") },
        { name: ACCOUNT, token },
      );
      return config;
    },
    async scale(replicas) {
      await admin.call("PATCH", deploymentPath, { spec: { replicas } });
    },
    async restart() {
      const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
      await admin.call("PATCH", deploymentPath, {
        spec: { template: { metadata: { annotations } } },
      });
    },
    async [Symbol.asyncDispose]() {
      // Namespaces take along what is in them.
      for (const object of objects) {
        if (object.metadata.namespace !== undefined) continue;
        await admin.call("DELETE", `${pathOf(object)}/${object.metadata.name}`);
      }
    },
  };
}

/** Where the API server has the objects of that kind. */
function pathOf({ apiVersion, kind, metadata }: KubeObject): string {
  const group = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  const namespace = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`;
  return `${group}${namespace}/${kind.toLowerCase().replace(/y$/, "ie")}s`;
}
