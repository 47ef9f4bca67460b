import { assertEquals } from "@std/assert";
import { find, helmTest, render } from "../support/helm.ts";

type PublishedPath = { path: string; exact: boolean };

const PUBLIC = ["/", "/authenticate", "/docs", "/openapi.json", "/page/page.js", "/page/icon.svg"];
const PRIVATE = ["/metrics", "/ready", "/health", "/authenticate/x", "/pages"];

async function ofIngress(): Promise<PublishedPath[]> {
  const objects = await render("--set", "ingress.enabled=true,ingress.host=id.example.org");
  const { spec } = find(objects, "Ingress/face-it-api");
  const paths: { path: string; pathType: string }[] = spec.rules[0].http.paths;
  return paths.map(({ path, pathType }) => ({ path, exact: pathType === "Exact" }));
}

async function ofRoute(): Promise<PublishedPath[]> {
  const route = "httpRoute.enabled=true,httpRoute.parentRefs[0].name=public";
  const { spec } = find(await render("--set", route), "HTTPRoute/face-it-api");
  const matches: { path: { type: string; value: string } }[] = spec.rules[0].matches ?? [
    { path: { type: "PathPrefix", value: "/" } },
  ];
  return matches.map(({ path }) => ({ path: path.value, exact: path.type === "Exact" }));
}

/** As Kubernetes compares them: a prefix is one of whole elements. */
function publishes(published: PublishedPath[], path: string): boolean {
  return published.some((entry) =>
    entry.exact
      ? path === entry.path
      : `${path}/`.startsWith(entry.path.endsWith("/") ? entry.path : `${entry.path}/`)
  );
}

for (const [what, read] of [["an Ingress", ofIngress], ["an HTTPRoute", ofRoute]] as const) {
  helmTest(`${what} publishes what users need, and neither metrics nor probes`, async () => {
    const published = await read();
    const paths = [...PUBLIC, ...PRIVATE];
    assertEquals(paths.filter((path) => publishes(published, path)), PUBLIC);
  });
}
