/** A pool's namespace in the test cluster: service account, rights, owner and Deployment. */

import { KubeConfig } from "@kubernetes/client-node";
import type { Admin } from "./admin.ts";
import { WORKER_SPEC } from "./fake_kubelet.ts";

/** Names as the chart has them. */
const ACCOUNT = "face-it-api";
const OWNER = "face-it-pool";
const DEPLOYMENT = "face-it-worker";
const LABELS = { app: "face-recognition-worker", status: "ready" };

/** What is installed. */
export interface Installation extends AsyncDisposable {
  readonly namespace: string;
  readonly ownerName: string;
  readonly labels: Readonly<Record<string, string>>;
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

/** Installs a pool of that many pods into a namespace of its own. */
export async function install(admin: Admin, replicas: number): Promise<Installation> {
  const namespace = `face-it-test-${crypto.randomUUID().slice(0, 8)}`;
  const core = `/api/v1/namespaces/${namespace}`;
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const deployments = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const metadata = { name: ACCOUNT };
  await admin.call("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
  await admin.call("POST", `${core}/serviceaccounts`, { metadata });
  await admin.call("POST", `${core}/configmaps`, { metadata: { name: OWNER } });
  await admin.call("POST", `${rbac}/roles`, {
    metadata,
    rules: [
      {
        apiGroups: [""],
        resources: ["pods"],
        verbs: ["get", "list", "watch", "patch", "delete"],
      },
      { apiGroups: [""], resources: ["configmaps"], resourceNames: [OWNER], verbs: ["get"] },
    ],
  });
  await admin.call("POST", `${rbac}/rolebindings`, {
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: ACCOUNT },
    subjects: [{ kind: "ServiceAccount", name: ACCOUNT, namespace }],
  });
  await admin.call("POST", deployments, {
    metadata: { name: DEPLOYMENT },
    spec: {
      replicas,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: WORKER_SPEC,
      },
    },
  });
  const { status: { token } } = await admin.call(
    "POST",
    `${core}/serviceaccounts/${ACCOUNT}/token`,
    { spec: { expirationSeconds: 3600 } },
  );
  return {
    namespace,
    ownerName: OWNER,
    labels: LABELS,
    token,
    podsPath: `${core}/pods`,
    config(server = admin.server) {
      const config = new KubeConfig();
      config.loadFromClusterAndUser(
        { name: "test", server, caData: btoa(admin.ca), skipTLSVerify: server.startsWith("http:") },
        { name: ACCOUNT, token },
      );
      return config;
    },
    async scale(replicas) {
      await admin.call("PATCH", `${deployments}/${DEPLOYMENT}`, { spec: { replicas } });
    },
    async restart() {
      const annotations = { "kubectl.kubernetes.io/restartedAt": new Date().toISOString() };
      await admin.call("PATCH", `${deployments}/${DEPLOYMENT}`, {
        spec: { template: { metadata: { annotations } } },
      });
    },
    async [Symbol.asyncDispose]() {
      await admin.call("DELETE", `/api/v1/namespaces/${namespace}`);
    },
  };
}
