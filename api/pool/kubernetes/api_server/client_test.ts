import { KubeConfig } from "@kubernetes/client-node";
import { assert, assertEquals } from "@std/assert";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createPodApi } from "./client.ts";
import { whatAnswerProves } from "../what_answer_proves.ts";
import { ApiError, ConnectionError, type PodApi } from "./pod_api.ts";

/** Starts a server, and returns a client of it. */
async function openApi(
  server: Server,
  onFailure: (call: string, code: string) => void,
): Promise<PodApi> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: "test", server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: "test" },
  );
  return await createPodApi({
    config,
    namespace: "workers",
    selector: "app=w",
    owner: "pool",
    onFailure,
    now: () => performance.now(),
  });
}

Deno.test("400 calls in two rounds share at most 32 connections", async () => {
  let connections = 0, deletes = 0;
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      deletes++;
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ kind: "Pod", metadata: {} }));
    });
  });
  server.on("connection", () => connections++);
  {
    await using api = await openApi(server, (call, code) => assert(false, `${call}: ${code}`));
    for (let round = 0; round < 2; round++) {
      await Promise.all(Array.from({ length: 200 }, (_, i) => api.delete(`w-${i}`, { uid: "u" })));
    }
  }
  await new Promise((resolve) => server.close(resolve));
  assertEquals(deletes, 400);
  assert(connections <= 32, `${connections} connections`);
});

/** Sends a claim to a server that answers in this way. Returns the error. */
async function claimError(answer: (response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    request.resume().on("end", () => answer(response));
  });
  await using api = await openApi(server, () => {});
  try {
    await api.patch("w-1", []);
  } catch (error) {
    assert(error instanceof ApiError || error instanceof ConnectionError, String(error));
    return error;
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  throw new Error("The claim succeeded");
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(status, { "Content-Type": "application/json", ...headers })
      .end(typeof body === "string" ? body : JSON.stringify(body));

const ANSWERS: Readonly<Record<string, [(response: ServerResponse) => void, string]>> = {
  "a pod without metadata": [json(200, {}), "broken"],
  "a body that is not JSON": [json(200, "<html>"), "broken"],
  "a list instead of a pod": [json(200, "[]"), "broken"],
  "a number instead of a pod": [json(200, "7"), "broken"],
  "an empty body": [json(200, ""), "broken"],
  "a connection that breaks before the headers": [(response) => response.destroy(), "broken"],
  "a connection that breaks in the body": [
    (response) => {
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "100" });
      response.write("{");
      setTimeout(() => response.destroy());
    },
    "broken",
  ],
  "an error whose body is not JSON": [json(503, "<html>"), "over"],
  "an error whose body is null": [json(500, "null"), "over"],
  "a redirect": [json(302, "", { Location: "https://elsewhere.test/" }), "over"],
  "a refusal of the credentials": [json(401, { message: "no" }), "credentials"],
  "a failed test of the patch": [json(422, { details: {} }), "changed"],
  "a wrong field": [json(422, { details: { causes: [{ field: "spec" }] } }), "not_applied"],
};
for (const [name, [answer, proof]] of Object.entries(ANSWERS)) {
  Deno.test(`the answer of a server to a claim is understood: ${name}`, async () => {
    assertEquals(whatAnswerProves(await claimError(answer)), proof);
  });
}

Deno.test("a server's Retry-After is read from the header or the body, and a bad one is ignored", async () => {
  const waits = [
    json(429, {}, { "Retry-After": "3" }),
    json(429, { details: { retryAfterSeconds: 2 } }),
    json(429, {}, { "Retry-After": "Fri, 02 Jan 2026 03:04:05 GMT" }),
    json(429, {}, { "Retry-After": "-1" }),
    json(429, { details: { retryAfterSeconds: "soon" } }),
  ].map(async (answer) => {
    const error = await claimError(answer);
    assert(error instanceof ApiError);
    return error.retryAfterMs;
  });
  assertEquals(await Promise.all(waits), [3000, 2000, 0, 0, 0]);
});
