/** Lists the objects that an uninstalled release has left in the cluster. */

import type { Installed } from "./install.ts";
import type { Kind } from "./kubernetes.ts";

const KINDS: readonly Kind[] = [
  "Pod",
  "Deployment",
  "StatefulSet",
  "PersistentVolumeClaim",
  "ReplicaSet",
  "Service",
  "ConfigMap",
  "Secret",
  "ServiceAccount",
  "Role",
  "RoleBinding",
  "NetworkPolicy",
  "PodDisruptionBudget",
];
const CLUSTER_KINDS: readonly Kind[] = [
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
];
/** Objects that Kubernetes puts into every namespace. */
const IN_EVERY_NAMESPACE = new Set(["ConfigMap/kube-root-ca.crt", "ServiceAccount/default"]);

/** Returns all objects in the namespaces of a release, and its objects outside namespaces. */
export async function leftovers({ client, release, api, worker }: Installed): Promise<string[]> {
  const ofRelease = `app.kubernetes.io/instance=${release}`;
  const lists = [
    ...CLUSTER_KINDS.map((kind) => client.list(kind, undefined, ofRelease)),
    ...[api, worker].flatMap((namespace) => KINDS.map((kind) => client.list(kind, namespace))),
  ];
  return (await Promise.all(lists)).flat()
    .map(({ kind, metadata }) => ({ name: `${kind}/${metadata.name}`, in: metadata.namespace }))
    .filter(({ name }) => !IN_EVERY_NAMESPACE.has(name))
    .map((object) => `${object.in ?? "cluster"}: ${object.name}`);
}
