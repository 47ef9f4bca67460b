import { assertEquals } from "@std/assert";
import { KubeConfig } from "@kubernetes/client-node";
import { KubernetesClient } from "./kubernetes.ts";

/** An event of the pod `name`. */
const event = (type: string, name: string, resourceVersion: string) => ({
  type,
  object: { metadata: { name, uid: `uid-${name}`, resourceVersion } },
});
/** The list of all pods, and the events after each version. The server ends each watch after them. */
const LISTS = [
  { metadata: { resourceVersion: "5" }, items: [event("", "a", "4").object] },
  { metadata: { resourceVersion: "9" }, items: [event("", "c", "9").object] },
];
const EVENTS: Readonly<Record<string, unknown[]>> = {
  "5": [event("ADDED", "b", "6"), event("MODIFIED", "a", "7")],
  "7": [event("DELETED", "a", "8")],
  // The API server has no history back to this version.
  "8": [{ type: "ERROR", object: { code: 410 } }],
};

Deno.test("a watch that the API server ends goes on after the last event, or lists again", async () => {
  const asked: string[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) => {
      const version = new URL(url).searchParams.get("resourceVersion");
      asked.push(version ?? "list");
      if (version === null) return Response.json(LISTS[asked.indexOf("list", 1) > 0 ? 1 : 0]);
      return new Response(EVENTS[version]!.map((event) => `${JSON.stringify(event)}\n`).join(""));
    },
  );
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: "fake", server: `http://127.0.0.1:${server.addr.port}`, skipTLSVerify: true },
    { name: "fake" },
  );
  await using client = await KubernetesClient.connect(config);
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const { type, object } of client.watch("/pods", stop.signal)) {
    seen.push(`${type} ${object.metadata.name}`);
    if (seen.at(-1) === "ADDED c") stop.abort();
  }
  assertEquals(seen, ["ADDED a", "ADDED b", "MODIFIED a", "DELETED a", "DELETED b", "ADDED c"]);
  assertEquals(asked, ["list", "5", "7", "8", "list"]);
});
