/** What an uninstalled release has left behind. */

import { type Installed, list } from "./install.ts";

const KINDS = "pods,deployments,replicasets,services,configmaps,secrets,serviceaccounts,roles," +
  "rolebindings,networkpolicies,poddisruptionbudgets";
const CLUSTER_KINDS = "validatingadmissionpolicies,validatingadmissionpolicybindings";
/** Every namespace has these. */
const OF_THE_NAMESPACE = new Set(["ConfigMap/kube-root-ca.crt", "ServiceAccount/default"]);

/** All objects in its namespaces, and its objects that are in none. */
export async function leftovers({ release, api, worker }: Installed): Promise<string[]> {
  const left = await list(CLUSTER_KINDS, `--selector=app.kubernetes.io/instance=${release}`);
  for (const namespace of [api, worker]) {
    left.push(...await list(KINDS, `--namespace=${namespace}`));
  }
  return left
    .map(({ kind, metadata }) => ({ name: `${kind}/${metadata.name}`, in: metadata.namespace }))
    .filter(({ name }) => !OF_THE_NAMESPACE.has(name))
    .map((object) => `${object.in ?? "cluster"}: ${object.name}`);
}
