import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../shared/env.ts";
import { readApiConfig } from "./config.ts";
import { DEFAULT_POLICY } from "../shared/contract/fake_policy.ts";

const read = (variables: Record<string, string>) =>
  readApiConfig(new Map(Object.entries(variables)));

Deno.test("the api needs no variables", () => {
  assertEquals(read({}), {
    host: "127.0.0.1",
    port: 8080,
    callers: { hosts: new Set(["localhost", "127.0.0.1", "[::1]"]), origins: new Set<string>() },
    access: {
      keysPath: undefined,
      tokens: undefined,
      isLoopback: true,
      allowAnonymous: false,
      requestsPerAddress: undefined,
      trustedProxies: [],
      judgesLiveness: false,
    },
    log: { level: "info", format: "auto", service: "api" },
    maxImageBytes: 10 * 1024 * 1024,
    maxImagePixels: 51_000_000,
    bodyTimeoutMs: 5000,
    requestTimeoutMs: 10_000,
    queueLimit: 64,
    queueBytes: 256 * 1024 * 1024,
    requestsPerWorker: 1,
    pool: { kind: "process", size: 4, tokenKeys: undefined },
    gallery: { kind: "service", url: undefined },
    policy: DEFAULT_POLICY,
  });
});

Deno.test("every variable of the api can be set", () => {
  const config = read({
    HOST: "::",
    PORT: "0",
    ALLOWED_HOSTS: "Face.example.org, 10.0.0.1,[fd00::1],fd00::2",
    ALLOWED_ORIGINS: "https://app.example.org, HTTP://localhost:3000",
    API_KEYS_PATH: "/keys.json",
    JWT_ISSUER: "https://login.example.org",
    JWT_AUDIENCE: "face-it",
    JWT_KEYS_URL: "https://login.example.org/jwks",
    JWT_SCOPE_CLAIM: "roles",
    JWT_COLLECTION_CLAIM: "tenant",
    ALLOW_ANONYMOUS: "true",
    REQUESTS_PER_ADDRESS: "600",
    TRUSTED_PROXIES: "10.0.0.0/8, 192.0.2.1,FD00::/8",
    LOG_LEVEL: "debug",
    LOG_FORMAT: "json",
    MAX_IMAGE_BYTES: "1000",
    MAX_IMAGE_PIXELS: "2000",
    BODY_TIMEOUT_MS: "2000",
    REQUEST_TIMEOUT_MS: "3000",
    QUEUE_LIMIT: "0",
    QUEUE_BYTES: "5000",
    REQUESTS_PER_WORKER: "50",
    POOL: "process",
    POOL_SIZE: "2",
    LIVENESS: "enforce",
    LIVENESS_THRESHOLD: "0.19",
    QUALITY: "observe",
    GALLERY_MODE: "service",
    GALLERY_URL: "http://127.0.0.1:9000",
    DATA_DIR: "/data",
    WORKER_TOKEN_PRIVATE_KEYS: "k",
  });
  assertEquals(config, {
    host: "::",
    port: 0,
    callers: {
      hosts: new Set(["face.example.org", "10.0.0.1", "[fd00::1]", "[fd00::2]"]),
      origins: new Set(["https://app.example.org", "http://localhost:3000"]),
    },
    access: {
      keysPath: "/keys.json",
      tokens: {
        issuer: "https://login.example.org",
        audience: "face-it",
        keysUrl: new URL("https://login.example.org/jwks"),
        scopeClaim: "roles",
        collectionClaim: "tenant",
      },
      isLoopback: false,
      allowAnonymous: true,
      requestsPerAddress: 600,
      trustedProxies: ["10.0.0.0/8", "192.0.2.1/32", "FD00::/8"],
      judgesLiveness: true,
    },
    log: { level: "debug", format: "json", service: "api" },
    maxImageBytes: 1000,
    maxImagePixels: 2000,
    bodyTimeoutMs: 2000,
    requestTimeoutMs: 3000,
    queueLimit: 0,
    queueBytes: 5000,
    requestsPerWorker: 50,
    pool: { kind: "process", size: 2, tokenKeys: { text: "k" } },
    gallery: { kind: "service", url: new URL("http://127.0.0.1:9000") },
    policy: { liveness: "enforce", livenessThreshold: 0.19, quality: "observe" },
  });
});

Deno.test("the error names the bad variable", () => {
  for (
    const [name, value] of [
      ["HOST", "example.org"],
      ["HOST", "localhost:8080"],
      ["HOST", "[127.0.0.1]"],
      ["PORT", "http"],
      ["ALLOWED_HOSTS", "*"],
      ["ALLOWED_HOSTS", "*.example.org"],
      ["ALLOWED_HOSTS", "face.example.org:8080"],
      ["ALLOWED_HOSTS", "https://face.example.org"],
      ["ALLOWED_HOSTS", "a,,b"],
      ["ALLOWED_ORIGINS", "*"],
      ["ALLOWED_ORIGINS", "null"],
      ["ALLOWED_ORIGINS", "app.example.org"],
      ["ALLOWED_ORIGINS", "https://*.example.org"],
      ["ALLOWED_ORIGINS", "https://app.example.org/page"],
      ["ALLOWED_ORIGINS", "https://u@app.example.org"],
      ["ALLOWED_ORIGINS", "file:///tmp"],
      ["ALLOW_ANONYMOUS", "yes"],
      ["JWT_KEYS_URL", "http://login.example.org/jwks"],
      ["JWT_KEYS_URL", "file:///jwks"],
      ["JWT_KEYS_URL", "jwks"],
      ["REQUESTS_PER_ADDRESS", "0"],
      ["TRUSTED_PROXIES", "10.0.0.0/33"],
      ["TRUSTED_PROXIES", "proxy.example.org"],
      ["LOG_LEVEL", "trace"],
      ["LOG_FORMAT", "text"],
      ["MAX_IMAGE_BYTES", "10MiB"],
      ["BODY_TIMEOUT_MS", "0"],
      ["REQUEST_TIMEOUT_MS", "-1"],
      ["QUEUE_LIMIT", "1.5"],
      ["QUEUE_BYTES", "0"],
      ["REQUESTS_PER_WORKER", "0"],
      ["GALLERY_MODE", "file"],
      ["GALLERY_URL", "face-it-gallery:8080"],
      ["GALLERY_URL", "http://face-it-gallery:8080/path"],
      ["GALLERY_URL", "http://user@face-it-gallery:8080"],
      ["GALLERY_URL", "https://face-it-gallery:8080"],
      ["POOL", "docker"],
      ["POOL_SIZE", "0"],
    ] as const
  ) {
    assertThrows(() => read({ [name]: value }), ConfigError, `Bad environment: ${name}: must be`);
  }
});

Deno.test("on an address that other machines can reach, the service does not start open to everybody", () => {
  for (const HOST of ["0.0.0.0", "::", "192.0.2.1", "[fd00::1]"]) {
    for (const more of [{}, { ALLOW_ANONYMOUS: "false" }, { API_KEYS_PATH: "" }]) {
      assertThrows(() => read({ HOST, ...more }), ConfigError, "Set API_KEYS_PATH");
    }
    read({ HOST, API_KEYS_PATH: "/keys.json" });
    read({ HOST, ALLOW_ANONYMOUS: "true" });
  }
  const tokens = { JWT_ISSUER: "me", JWT_AUDIENCE: "a", JWT_KEYS_URL: "http://127.0.0.1:1/" };
  read({ HOST: "::", ...tokens });
  for (const name of Object.keys(tokens)) {
    assertThrows(() => read({ ...tokens, [name]: "" }), ConfigError, "set all of them, or none");
  }
  for (const HOST of ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"]) read({ HOST });
});

Deno.test("in a cluster, the workers are pods by default", () => {
  const inside = { KUBERNETES_SERVICE_HOST: "10.0.0.1", WORKER_TOKEN_PRIVATE_KEYS: "k" };
  const { pool } = read(inside);
  assert(pool.kind === "kubernetes");
  assertEquals(pool, {
    kind: "kubernetes",
    namespace: "face-it-workers",
    owner: "face-it-pool",
    selector: { app: "face-recognition-worker", status: "ready" },
    workerPort: 8080,
    leaseMaxMs: 300_000,
    processes: undefined,
    tokenKeys: { text: "k" },
    inCluster: true,
  });
  assertEquals(read({ ...inside, POOL: "process" }).pool.kind, "process");
});

Deno.test("an api outside the cluster can use a pool of pods, with all its settings", () => {
  const { pool } = read({
    POOL: "kubernetes",
    WORKER_TOKEN_PRIVATE_KEYS_PATH: "/keys",
    WORKER_NAMESPACE: "here",
    POOL_OWNER: "me",
    WORKER_SELECTOR: "example.org/app=w,status=ready,tier=1",
    WORKER_PORT: "9000",
    LEASE_MAX_MS: "2000",
    REQUEST_TIMEOUT_MS: "1000",
    ISOLATION: "process",
    PROCESSES_PER_POD: "8",
    MAX_CLAIMED_PODS: "3",
  });
  assert(pool.kind === "kubernetes");
  assertEquals(pool, {
    kind: "kubernetes",
    namespace: "here",
    owner: "me",
    selector: { "example.org/app": "w", status: "ready", tier: "1" },
    workerPort: 9000,
    leaseMaxMs: 2000,
    processes: { perPod: 8, maxPods: 3 },
    tokenKeys: { path: "/keys" },
    inCluster: false,
  });
});

Deno.test("the error names the bad setting of a pool of pods", () => {
  const good = { POOL: "kubernetes", WORKER_TOKEN_PRIVATE_KEYS: "k" };
  for (
    const [bad, message] of [
      [
        { WORKER_TOKEN_PRIVATE_KEYS: "" },
        "one of WORKER_TOKEN_PRIVATE_KEYS_PATH and WORKER_TOKEN_PRIVATE_KEYS",
      ],
      [
        { WORKER_TOKEN_PRIVATE_KEYS_PATH: "/keys" },
        "one of WORKER_TOKEN_PRIVATE_KEYS_PATH and WORKER_TOKEN_PRIVATE_KEYS",
      ],
      [{ WORKER_SELECTOR: "app=w" }, "WORKER_SELECTOR: must contain status=ready"],
      [{ WORKER_SELECTOR: "status=ready" }, "WORKER_SELECTOR: must contain a label besides"],
      [{ WORKER_SELECTOR: "app in (w),status=ready" }, "WORKER_SELECTOR: must be name=value"],
      [{ LEASE_MAX_MS: "9999", REQUESTS_PER_WORKER: "2" }, "LEASE_MAX_MS: must be at least"],
      [{ LEASE_MAX_MS: "19999", ISOLATION: "process" }, "LEASE_MAX_MS: must be at least"],
      [{ ISOLATION: "thread" }, "ISOLATION: must be"],
      [{ ISOLATION: "process", PROCESSES_PER_POD: "65" }, "PROCESSES_PER_POD: must be at most 64"],
    ] as const
  ) {
    assertThrows(() => read({ ...good, ...bad }), ConfigError, message);
  }
});

Deno.test("the gallery service holds the gallery where the api can start the service, or knows its address", () => {
  const inside = { KUBERNETES_SERVICE_HOST: "10.0.0.1", WORKER_TOKEN_PRIVATE_KEYS: "k" };
  const url = { GALLERY_URL: "http://gallery:8080" };
  const file = { EMBEDDINGS_PATH: "/gallery.json" };
  const kinds = [
    [{}, "service"],
    [{ GALLERY_MODE: "workers" }, "workers"],
    [file, "workers"],
    [{ EMBEDDINGS_PATH: "" }, "service"],
    [{ ...url, WORKER_TOKEN_PRIVATE_KEYS: "k" }, "service"],
    [inside, "workers"],
    [{ ...inside, ...url }, "service"],
    [{ ...inside, ...url, GALLERY_MODE: "service" }, "service"],
    [{ ...inside, ...file }, "workers"],
  ] as const;
  for (const [env, kind] of kinds) {
    assertEquals(read(env as Record<string, string>).gallery.kind, kind, JSON.stringify(env));
  }
});

Deno.test("settings of the gallery's place that contradict each other are refused", () => {
  const inside = { KUBERNETES_SERVICE_HOST: "10.0.0.1", WORKER_TOKEN_PRIVATE_KEYS: "k" };
  const url = "http://gallery:8080";
  for (
    const [env, message] of [
      [{ ...inside, GALLERY_MODE: "service" }, "GALLERY_URL: must be set"],
      [{ ...inside, GALLERY_URL: url, GALLERY_MODE: "workers" }, "GALLERY_URL: cannot be set"],
      [{ GALLERY_MODE: "service", EMBEDDINGS_PATH: "/g.json" }, "EMBEDDINGS_PATH: the gallery"],
      // The service must have the public halves of the keys.
      [{ GALLERY_URL: url }, "one of WORKER_TOKEN_PRIVATE_KEYS_PATH and WORKER_TOKEN_PRIVATE_KEYS"],
    ] as const
  ) {
    assertThrows(() => read(env as Record<string, string>), ConfigError, message);
  }
});

Deno.test("the configuration cannot be changed", () => {
  assert(Object.isFrozen(read({})));
});

Deno.test("workers that hold the gallery cannot require a consent", () => {
  const env = { EMBEDDINGS_PATH: "/gallery.json", REQUIRE_CONSENT: "true" };
  for (const more of [{}, { GALLERY_MODE: "workers" }]) {
    assertThrows(() => read({ ...env, ...more }), ConfigError, "REQUIRE_CONSENT: workers");
  }
  assertEquals(read({ ...env, REQUIRE_CONSENT: "false" }).gallery, { kind: "workers" });
  assertEquals(read({ REQUIRE_CONSENT: "true" }).gallery, { kind: "service", url: undefined });
});
