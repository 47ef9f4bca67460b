import { assertEquals, assertStringIncludes } from "@std/assert";
import { at, find, refusal, render, renderValues } from "../support/helm.ts";
import type { KubeObject } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";

type PublishedPath = { path: string; exact: boolean };

const PUBLIC = [
  "/",
  "/authenticate",
  "/docs",
  "/models",
  "/openapi.json",
  "/page/page.js",
  "/users",
  "/users/ada/templates",
];
const PRIVATE = [
  "/metrics",
  "/usersx",
  "/models/x",
  "/ready",
  "/health",
  "/authenticate/x",
  "/pages",
];

const INGRESS = { enabled: true, host: "id.example.org" };
const ROUTE = { enabled: true, parentRefs: [{ name: "public" }] };

const helmTest = needs("helm");

function renderPublished(values: object, service: object = {}): Promise<KubeObject[]> {
  return renderValues({ ...values, api: { allowAnonymous: false, service } });
}

async function pathsOfIngress(): Promise<PublishedPath[]> {
  const { spec } = find(await renderPublished({ ingress: INGRESS }), "Ingress/face-it-api");
  const paths: { path: string; pathType: string }[] = spec.rules[0].http.paths;
  return paths.map(({ path, pathType }) => ({ path, exact: pathType === "Exact" }));
}

async function pathsOfRoute(): Promise<PublishedPath[]> {
  const { spec } = find(await renderPublished({ httpRoute: ROUTE }), "HTTPRoute/face-it-api");
  const matches: { path: { type: string; value: string } }[] = spec.rules[0].matches ?? [
    { path: { type: "PathPrefix", value: "/" } },
  ];
  return matches.map(({ path }) => ({ path: path.value, exact: path.type === "Exact" }));
}

/** True when a path is published. Kubernetes compares prefixes by whole elements of the path. */
function isPublished(published: PublishedPath[], path: string): boolean {
  return published.some((entry) =>
    entry.exact
      ? path === entry.path
      : `${path}/`.startsWith(entry.path.endsWith("/") ? entry.path : `${entry.path}/`)
  );
}

for (
  const [what, read] of [["an Ingress", pathsOfIngress], ["an HTTPRoute", pathsOfRoute]] as const
) {
  helmTest(`${what} publishes what users need, but no metrics and no health checks`, async () => {
    const published = await read();
    const paths = [...PUBLIC, ...PRIVATE];
    assertEquals(paths.filter((path) => isPublished(published, path)), PUBLIC);
  });
}

helmTest("an Ingress has the host, class, TLS Secret and path of the values", async () => {
  const ingress = {
    ...INGRESS,
    className: "nginx",
    tlsSecret: "tls",
    path: "/id",
    annotations: { a: "b" },
  };
  const objects = await renderPublished({ ingress }, { port: 8081 });
  const { metadata, spec } = find(objects, "Ingress/face-it-api");
  assertEquals(metadata.annotations, { a: "b" });
  assertEquals(spec.ingressClassName, "nginx");
  assertEquals(spec.tls, [{ hosts: ["id.example.org"], secretName: "tls" }]);
  assertEquals(spec.rules[0].host, "id.example.org");
  const paths: { path: string; backend: unknown }[] = spec.rules[0].http.paths;
  for (const { path, backend } of paths) {
    assertEquals(path.startsWith("/id/"), true, path);
    assertEquals(backend, { service: { name: "face-it-api", port: { name: "http" } } });
  }
});

helmTest("an HTTPRoute connects the Gateways and host names with the Service", async () => {
  const httpRoute = { ...ROUTE, hostnames: ["a.org"], annotations: { a: "b" } };
  const objects = await renderPublished({ httpRoute }, { port: 8081 });
  const { metadata, spec } = find(objects, "HTTPRoute/face-it-api");
  assertEquals(metadata.annotations, { a: "b" });
  assertEquals(spec.parentRefs, [{ name: "public" }]);
  assertEquals(spec.hostnames, ["a.org"]);
  assertEquals(spec.rules[0].backendRefs, [{ name: "face-it-api", port: 8081 }]);
});

helmTest("the Service has the type, ports and annotations of the values", async () => {
  const service = { type: "NodePort", port: 8081, nodePort: 30080, annotations: { a: "b" } };
  const { metadata, spec } = find(await renderPublished({}, service), "Service/face-it-api");
  assertEquals(metadata.annotations, { a: "b" });
  assertEquals(spec.type, "NodePort");
  assertEquals(at(spec, "ports[http]"), {
    name: "http",
    port: 8081,
    targetPort: "http",
    nodePort: 30080,
  });
});

for (
  const [what, set] of [
    ["an Ingress", "ingress.enabled=true,ingress.host=id.example.org"],
    ["an HTTPRoute", "httpRoute.enabled=true,httpRoute.parentRefs[0].name=public"],
    ["a NodePort", "api.service.type=NodePort"],
    ["a LoadBalancer", "api.service.type=LoadBalancer"],
  ] as const
) {
  helmTest(`${what} is refused while callers need no key, unless a value says so`, async () => {
    const text = await refusal("--set", set);
    assertStringIncludes(text, "the api would be published (");
    for (const value of ["api.allowAnonymous=false", "api.allowAnonymousFromOutside=true"]) {
      assertStringIncludes(text, value);
      await render("--set", `${set},${value}`);
    }
  });
}
