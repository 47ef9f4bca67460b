import { KubeConfig } from "@kubernetes/client-node";
import { assert, assertEquals } from "@std/assert";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createPodApi } from "./client.ts";

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
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: "test", server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: "test" },
  );
  {
    await using api = await createPodApi({
      config,
      namespace: "workers",
      selector: "app=w",
      owner: "pool",
      onFailure: (call, code) => assert(false, `${call}: ${code}`),
      now: () => performance.now(),
    });
    for (let round = 0; round < 2; round++) {
      await Promise.all(Array.from({ length: 200 }, (_, i) => api.delete(`w-${i}`, { uid: "u" })));
    }
  }
  await new Promise((resolve) => server.close(resolve));
  assertEquals(deletes, 400);
  assert(connections <= 32, `${connections} connections`);
});
