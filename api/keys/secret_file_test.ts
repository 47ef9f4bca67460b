import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../shared/env.ts";
import type { ClusterAnswer } from "./cluster.ts";
import { FakeSecretFile } from "./fake_secret_file.ts";
import { clusterSecretFile, ensureSecretFile } from "./secret_file.ts";

const NAME = { namespace: "workers", name: "face-it-template-keys" };

/** Returns the Secret of an API server that gives this answer, and the calls that it gets. */
function secretWith(answer: ClusterAnswer) {
  const calls: unknown[][] = [];
  const call = (...args: unknown[]) => {
    calls.push(args);
    return Promise.resolve(answer);
  };
  return { secret: clusterSecretFile({ call }, NAME, "key", "api-keys"), calls };
}

Deno.test("a Secret is made with its file, and with labels that do not make it Helm's", async () => {
  const { secret, calls } = secretWith({ status: 201, object: {} });
  assertEquals(await secret.create("text"), true);
  assertEquals(calls, [["POST", "/api/v1/namespaces/workers/secrets", {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "face-it-template-keys",
      labels: {
        "app.kubernetes.io/name": "face-it",
        "app.kubernetes.io/component": "api-keys",
        "app.kubernetes.io/managed-by": "face-it",
      },
    },
    stringData: { key: "text" },
  }, [409]]]);
  assertEquals(await secretWith({ status: 409, object: {} }).secret.create("text"), false);
});

Deno.test("a Secret is read, is missing, or has another file", async () => {
  const found = secretWith({ status: 200, object: { data: { key: btoa("text") } } });
  assertEquals(await found.secret.read(), "text");
  assertEquals(found.calls, [[
    "GET",
    "/api/v1/namespaces/workers/secrets/face-it-template-keys",
    undefined,
    [404],
  ]]);
  assertEquals(await secretWith({ status: 404, object: {} }).secret.read(), undefined);
  for (const object of [{}, { data: { other: "" } }]) {
    await assertRejects(
      () => secretWith({ status: 200, object }).secret.read(),
      ConfigError,
      "The Secret face-it-template-keys has no file key",
    );
  }
});

Deno.test("another run's text is kept, also when it came first by little", async () => {
  const secret = new FakeSecretFile("keys", undefined, (call) => {
    if (call === "create") secret.text ??= "theirs";
  });
  assertEquals(await ensureSecretFile(secret, () => "ours"), { text: "theirs", outcome: "kept" });
  const missing = new FakeSecretFile("keys");
  assertEquals(await ensureSecretFile(missing, () => "ours"), { text: "ours", outcome: "made" });
});

Deno.test("a Secret that is made and deleted again and again is an error", async () => {
  const secret = new FakeSecretFile("keys", undefined, (call) => {
    secret.text = call === "create" ? "theirs" : undefined;
  });
  await assertRejects(() => ensureSecretFile(secret, () => "ours"), ConfigError, "again and again");
});
