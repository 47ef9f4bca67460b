import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { at, environment, find, render } from "../support/helm.ts";
import type { KubeObject } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";

const helmTest = needs("helm");

/** Kinds that have no namespace. */
const CLUSTER_WIDE = [
  "Namespace",
  "RuntimeClass",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
];

const identity = ({ kind, metadata }: KubeObject) =>
  `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;
const namespaces = (objects: KubeObject[]) =>
  objects.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name);

helmTest("the chart makes both namespaces, restricts their pods, and keeps them", async () => {
  const objects = await render();
  assertEquals(namespaces(objects), ["face-it-api", "face-it-workers"]);
  for (const name of namespaces(objects)) {
    const { metadata } = find(objects, `Namespace/${name}`);
    assertEquals(metadata.labels?.["pod-security.kubernetes.io/enforce"], "restricted");
    assertEquals(metadata.annotations?.["helm.sh/resource-policy"], "keep");
  }
});

helmTest("with namespaces.create=false the chart makes no namespace", async () => {
  assertEquals(namespaces(await render("--set", "namespaces.create=false")), []);
});

helmTest("the chart does not make the release's own namespace", async () => {
  assertEquals(namespaces(await render("--namespace", "face-it-api")), ["face-it-workers"]);
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
  assertEquals(namespaces(objects), ["one"]);
  const identities = objects.map(identity);
  assertEquals(identities.length, new Set(identities).size);
  const secrets = objects.filter(({ kind }) => kind === "Secret");
  assertEquals(secrets.length, 1);
});

helmTest("both namespaces get the same token keys", async () => {
  const secrets = (await render()).filter(({ kind }) => kind === "Secret");
  const [api, worker] = secrets;
  assertEquals(secrets.map(({ metadata }) => metadata.namespace), [
    "face-it-api",
    "face-it-workers",
  ]);
  assertEquals(api!.data, worker!.data);
  assert(atob(api!.data.keys).length >= 32);
});

helmTest("the chart makes no token keys when the user names a Secret with keys", async () => {
  const objects = await render("--set", "token.existingSecret=ours");
  assertEquals(objects.filter(({ kind }) => kind === "Secret"), []);
});
