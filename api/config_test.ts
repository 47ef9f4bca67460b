import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../shared/env.ts";
import { readApiConfig } from "./config.ts";

const read = (variables: Record<string, string>) =>
  readApiConfig(new Map(Object.entries(variables)));

Deno.test("an api needs no variable at all", () => {
  assertEquals(read({}), {
    host: "0.0.0.0",
    port: 8080,
    log: { level: "info", format: "auto", service: "api" },
    maxImageBytes: 10 * 1024 * 1024,
    bodyTimeoutMs: 5000,
    requestTimeoutMs: 10_000,
    queueLimit: 64,
    queueBytes: 256 * 1024 * 1024,
    requestsPerWorker: 1,
    exitWithStarter: false,
    throughNpx: false,
    pool: { kind: "process", size: 4 },
  });
});

Deno.test("every variable of an api can be set", () => {
  const config = read({
    HOST: "127.0.0.1",
    PORT: "0",
    LOG_LEVEL: "debug",
    LOG_FORMAT: "json",
    MAX_IMAGE_BYTES: "1000",
    BODY_TIMEOUT_MS: "2000",
    REQUEST_TIMEOUT_MS: "3000",
    QUEUE_LIMIT: "0",
    QUEUE_BYTES: "5000",
    REQUESTS_PER_WORKER: "50",
    EXIT_WITH_STARTER: "true",
    POOL: "process",
    POOL_SIZE: "2",
    npm_lifecycle_event: "npx",
  });
  assertEquals(config, {
    host: "127.0.0.1",
    port: 0,
    log: { level: "debug", format: "json", service: "api" },
    maxImageBytes: 1000,
    bodyTimeoutMs: 2000,
    requestTimeoutMs: 3000,
    queueLimit: 0,
    queueBytes: 5000,
    requestsPerWorker: 50,
    exitWithStarter: true,
    throughNpx: true,
    pool: { kind: "process", size: 2 },
  });
});

Deno.test("a bad variable is named", () => {
  for (
    const [name, value] of [
      ["PORT", "http"],
      ["LOG_LEVEL", "trace"],
      ["LOG_FORMAT", "text"],
      ["MAX_IMAGE_BYTES", "10MiB"],
      ["BODY_TIMEOUT_MS", "0"],
      ["REQUEST_TIMEOUT_MS", "-1"],
      ["QUEUE_LIMIT", "1.5"],
      ["QUEUE_BYTES", "0"],
      ["REQUESTS_PER_WORKER", "0"],
      ["POOL", "docker"],
      ["POOL_SIZE", "0"],
    ] as const
  ) {
    assertThrows(() => read({ [name]: value }), ConfigError, `Bad environment: ${name}: must be`);
  }
});

Deno.test("inside Kubernetes the pool is not one of processes, unless that is asked for", () => {
  const inside = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };
  assertThrows(() => read(inside), ConfigError, "POOL");
  assertEquals(read({ ...inside, POOL: "process" }).pool.kind, "process");
});

Deno.test("the configuration does not change any more", () => {
  assert(Object.isFrozen(read({})));
});
