import { assert, assertEquals } from "@std/assert";
import { find, helmTest, type KubeObject, render } from "../support/helm.ts";

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

helmTest("the chart makes both namespaces, restricted, and keeps them", async () => {
  const objects = await render();
  assertEquals(namespaces(objects), ["face-it-api", "face-it-workers"]);
  for (const name of namespaces(objects)) {
    const { metadata } = find(objects, `Namespace/${name}`);
    assertEquals(metadata.labels?.["pod-security.kubernetes.io/enforce"], "restricted");
    assertEquals(metadata.annotations?.["helm.sh/resource-policy"], "keep");
  }
});

helmTest("namespaces that exist are left alone", async () => {
  assertEquals(namespaces(await render("--set", "namespaces.create=false")), []);
});

helmTest("the namespace of the release itself is Helm's to make", async () => {
  assertEquals(namespaces(await render("--namespace", "face-it-api")), ["face-it-workers"]);
});

helmTest("every object names its namespace, and the two parts their own", async () => {
  for (const { kind, metadata } of await render()) {
    const label = `${kind}/${metadata.name}`;
    assertEquals(metadata.namespace === undefined, CLUSTER_WIDE.includes(kind), label);
    const component = metadata.labels?.["app.kubernetes.io/component"];
    if (component === "worker") assertEquals(metadata.namespace, "face-it-workers", label);
  }
});

helmTest("both parts may share a namespace, without one object twice", async () => {
  const objects = await render("--set", "namespaces.api=one,namespaces.worker=one");
  assertEquals(namespaces(objects), ["one"]);
  const identities = objects.map(identity);
  assertEquals(identities.length, new Set(identities).size);
  const secrets = objects.filter(({ kind }) => kind === "Secret");
  assertEquals(secrets.length, 1);
});

helmTest("both namespaces hold the same token keys", async () => {
  const secrets = (await render()).filter(({ kind }) => kind === "Secret");
  const [api, worker] = secrets;
  assertEquals(secrets.map(({ metadata }) => metadata.namespace), [
    "face-it-api",
    "face-it-workers",
  ]);
  assertEquals(api!["data"], worker!["data"]);
  assert(atob(api!["data"].keys).length >= 32);
});

helmTest("token keys of the user's own are not made again", async () => {
  const objects = await render("--set", "token.existingSecret=ours");
  assertEquals(objects.filter(({ kind }) => kind === "Secret"), []);
});
