import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { at, environment, find, render } from "../support/helm.ts";
import type { KubeObject } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";

const helmTest = needs("helm");

/** Kinds that have no namespace. */
const CLUSTER_WIDE = [
  "ClusterRole",
  "ClusterRoleBinding",
  "RuntimeClass",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
];

const identity = ({ kind, metadata }: KubeObject) =>
  `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;
const NAMESPACES = ["face-it-api", "face-it-workers"];

/** Returns the namespaces that the hook makes. */
function made(objects: KubeObject[]): KubeObject[] {
  if (!objects.some(({ metadata }) => metadata.name === "face-it-namespaces")) return [];
  const job = find(objects, "Job/face-it-namespaces");
  const command = at(job, "spec.template.spec.containers[namespaces].command") as string[];
  const at0 = command.indexOf("api/keys/make_namespaces.ts");
  return command.slice(at0 + 1).map((json) => JSON.parse(json));
}

helmTest(
  "a hook makes both namespaces and restricts their pods; no namespace is an object",
  async () => {
    const objects = await render();
    assertEquals(objects.filter(({ kind }) => kind === "Namespace"), []);
    assertEquals(made(objects).map(({ metadata }) => metadata.name), NAMESPACES);
    for (const { metadata } of made(objects)) {
      assertEquals(metadata.labels?.["pod-security.kubernetes.io/enforce"], "restricted");
      // By this label, Argo CD finds objects that the chart no longer renders, and deletes them.
      assertEquals(metadata.labels?.["app.kubernetes.io/instance"], undefined);
    }
  },
);

helmTest("with namespaces.create=false, or with pull Secrets, no namespace is made", async () => {
  for (const set of ["namespaces.create=false", "imagePullSecrets={pull}"]) {
    const objects = await render("--set", set);
    assertEquals(made(objects), []);
    assert(!objects.some(({ kind }) => kind.startsWith("Cluster")));
  }
});

helmTest("the hook does not make the release's own namespace", async () => {
  const objects = await render("--namespace", "face-it-api");
  assertEquals(made(objects).map(({ metadata }) => metadata.name), ["face-it-workers"]);
});

helmTest("each object is in the namespace of its part", async () => {
  for (const { kind, metadata } of await render()) {
    const label = `${kind}/${metadata.name}`;
    assertEquals(metadata.namespace === undefined, CLUSTER_WIDE.includes(kind), label);
    const component = metadata.labels?.["app.kubernetes.io/component"];
    if (component === "worker") assertEquals(metadata.namespace, "face-it-workers", label);
  }
});

helmTest("the api finds its workers and has its rights in renamed namespaces", async () => {
  const objects = await render("--set", "namespaces.api=front,namespaces.worker=back");
  assertEquals(find(objects, "Service/face-it-api").metadata.namespace, "front");
  assertEquals(find(objects, "Deployment/face-it-worker").metadata.namespace, "back");
  assertEquals(environment(find(objects, "Deployment/face-it-api"))["WORKER_NAMESPACE"], "back");
  assertEquals(find(objects, "Role/face-it-api").metadata.namespace, "back");
  const { metadata, subjects } = find(objects, "RoleBinding/face-it-api");
  assertEquals(metadata.namespace, "back");
  assertEquals(subjects, [{ kind: "ServiceAccount", name: "face-it-api", namespace: "front" }]);
  const policy = find(objects, "ValidatingAdmissionPolicy/face-it-claims.back");
  const account = at(policy, "spec.matchConditions[by-the-api].expression");
  assertStringIncludes(String(account), '"system:serviceaccount:front:face-it-api"');
  const binding = find(objects, "ValidatingAdmissionPolicyBinding/face-it-claims.back");
  assertEquals(at(binding, "spec.matchResources.namespaceSelector.matchLabels"), {
    "kubernetes.io/metadata.name": "back",
  });
});

helmTest("with one namespace for both parts, no object is rendered twice", async () => {
  const objects = await render("--set", "namespaces.api=one,namespaces.worker=one");
  assertEquals(made(objects).map(({ metadata }) => metadata.name), ["one"]);
  const identities = objects.map(identity);
  assertEquals(identities.length, new Set(identities).size);
});
