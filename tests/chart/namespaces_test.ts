import { assert, assertEquals } from "@std/assert";
import { find, type KubeObject, render, withoutHelm } from "./helm.ts";

const ignore = await withoutHelm();

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

Deno.test("the chart makes both namespaces, restricted, and keeps them", { ignore }, async () => {
  const objects = await render();
  assertEquals(namespaces(objects), ["face-it-api", "face-it-workers"]);
  for (const name of namespaces(objects)) {
    const { metadata } = find(objects, `Namespace/${name}`);
    assertEquals(metadata.labels?.["pod-security.kubernetes.io/enforce"], "restricted");
    assertEquals(metadata.annotations?.["helm.sh/resource-policy"], "keep");
  }
});

Deno.test("namespaces that exist are left alone", { ignore }, async () => {
  assertEquals(namespaces(await render("--set", "namespaces.create=false")), []);
});

Deno.test("every object names its namespace, and the two parts their own", { ignore }, async () => {
  for (const { kind, metadata } of await render()) {
    const label = `${kind}/${metadata.name}`;
    assertEquals(metadata.namespace === undefined, CLUSTER_WIDE.includes(kind), label);
    const component = metadata.labels?.["app.kubernetes.io/component"];
    if (component === "worker") assertEquals(metadata.namespace, "face-it-workers", label);
  }
});

Deno.test("both parts may share a namespace, without one object twice", { ignore }, async () => {
  const objects = await render("--set", "namespaces.api=one,namespaces.worker=one");
  assertEquals(namespaces(objects), ["one"]);
  const identities = objects.map(identity);
  assertEquals(identities.length, new Set(identities).size);
  const secrets = objects.filter(({ kind }) => kind === "Secret");
  assertEquals(secrets.length, 1);
});

Deno.test("both namespaces hold the same token keys", { ignore }, async () => {
  const secrets = (await render()).filter(({ kind }) => kind === "Secret");
  const [api, worker] = secrets;
  assertEquals(secrets.map(({ metadata }) => metadata.namespace), [
    "face-it-api",
    "face-it-workers",
  ]);
  assertEquals(api!["data"], worker!["data"]);
  assert(atob(api!["data"].keys).length >= 32);
});

Deno.test("token keys of the user's own are not made again", { ignore }, async () => {
  const objects = await render("--set", "token.existingSecret=ours");
  assertEquals(objects.filter(({ kind }) => kind === "Secret"), []);
});
