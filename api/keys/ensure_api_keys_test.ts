import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { ConfigError } from "../../shared/env.ts";
import { isSameHash, makeApiKey, parseApiKey } from "../callers/api_keys/api_key.ts";
import { parseKeysFile } from "../callers/api_keys/keys_file.ts";
import { type ApiKeySecrets, ensureApiKeys } from "./ensure_api_keys.ts";
import { FakeSecretFile } from "./fake_secret_file.ts";
import type { SecretFile } from "./secret_file.ts";

type FakeSecrets = { readonly [Name in keyof ApiKeySecrets]: FakeSecretFile };

function fakeSecrets(
  texts: Partial<Record<keyof ApiKeySecrets, string | undefined>> = {},
): FakeSecrets {
  const secret = (name: keyof ApiKeySecrets) => new FakeSecretFile(name, texts[name]);
  return {
    apiKeys: secret("apiKeys"),
    adminKey: secret("adminKey"),
    testKey: secret("testKey"),
  };
}

/** Returns the entry of the keys file that a clear key fits. */
function entryOf({ apiKeys }: FakeSecrets, { text }: FakeSecretFile) {
  const { id, hash } = parseApiKey(text!)!;
  const entry = parseKeysFile(apiKeys.text!).get(id)!;
  assert(isSameHash(entry.sha256, hash));
  return entry;
}

function assertFit(secrets: FakeSecrets): void {
  assertEquals(parseKeysFile(secrets.apiKeys.text!).size, 2);
  const { scopes, collection, name } = entryOf(secrets, secrets.adminKey);
  assertEquals([name, scopes, collection], [
    "admin",
    ["authenticate", "enrol", "admin"],
    "default",
  ]);
  assertEquals(entryOf(secrets, secrets.testKey).scopes, ["authenticate"]);
  for (const { history } of Object.values(secrets)) assertEquals(history.length, 1);
}

Deno.test("all keys are made when all are missing, and then kept", async () => {
  const secrets = fakeSecrets();
  assertEquals(await ensureApiKeys(secrets), {
    apiKeys: "made",
    adminKey: "made",
    testKey: "made",
  });
  assertFit(secrets);
  assertEquals(await ensureApiKeys(secrets), {
    apiKeys: "kept",
    adminKey: "kept",
    testKey: "kept",
  });
  assertFit(secrets);
});

Deno.test("the keys file has no key in clear", async () => {
  const secrets = fakeSecrets();
  await ensureApiKeys(secrets);
  for (const { text } of [secrets.adminKey, secrets.testKey]) {
    assert(!secrets.apiKeys.text!.includes(text!.split("_")[2]!));
  }
});

Deno.test("a lost keys file is made again from the keys that are there", async () => {
  const [admin, test] = [makeApiKey().text, makeApiKey().text];
  for (
    const texts of [{ adminKey: admin, testKey: test }, { adminKey: `${admin}\n` }, {
      testKey: test,
    }]
  ) {
    const secrets = fakeSecrets(texts);
    const outcome = await ensureApiKeys(secrets);
    assertEquals(outcome, {
      apiKeys: "made",
      adminKey: "adminKey" in texts ? "kept" : "made",
      testKey: "testKey" in texts ? "kept" : "made",
    });
    const { adminKey, testKey } = secrets;
    if ("adminKey" in texts) assertEquals(adminKey.text, texts.adminKey);
    if ("testKey" in texts) assertEquals(testKey.text, texts.testKey);
    assertEquals(parseKeysFile(secrets.apiKeys.text!).size, 2);
  }
});

Deno.test("with a keys file, a deleted key is not made again", async () => {
  const secrets = fakeSecrets();
  await ensureApiKeys(secrets);
  const left = fakeSecrets({ apiKeys: secrets.apiKeys.text, testKey: secrets.testKey.text });
  assertEquals(await ensureApiKeys(left), {
    apiKeys: "kept",
    adminKey: "missing",
    testKey: "kept",
  });
  assertEquals(left.adminKey.text, undefined);
});

Deno.test("a key that the keys file does not list is reported, and nothing is changed", async () => {
  const secrets = fakeSecrets();
  await ensureApiKeys(secrets);
  const { id } = parseApiKey(secrets.adminKey.text!)!;
  for (
    const adminKey of [
      makeApiKey().text,
      `fi_${id}_${"0".repeat(64)}`,
      "no key",
    ]
  ) {
    const other = fakeSecrets({
      apiKeys: secrets.apiKeys.text,
      testKey: secrets.testKey.text,
      adminKey,
    });
    const outcome = await ensureApiKeys(other);
    assertEquals(outcome, { apiKeys: "kept", adminKey: "not_listed", testKey: "kept" });
    assertEquals(other.adminKey.text, adminKey);
  }
  const none = fakeSecrets({ apiKeys: '{"keys": []}', adminKey: secrets.adminKey.text });
  assertEquals((await ensureApiKeys(none)).adminKey, "not_listed");
});

Deno.test("Secrets that cannot be used are an error without their text, and stay as they are", async () => {
  const key = makeApiKey().text;
  for (
    const texts of [
      { apiKeys: "" },
      { apiKeys: `{"keys": ["${key}"]}`, adminKey: key },
      { adminKey: `${key} ` + key },
      { adminKey: "" },
      { testKey: "hunter2" },
      { adminKey: key, testKey: key },
    ]
  ) {
    const secrets = fakeSecrets(texts);
    const error = await assertRejects(() => ensureApiKeys(secrets), ConfigError, "cannot be used");
    assert(!`${error} ${error.cause}`.includes(key.split("_")[2]!));
    assertEquals(secrets.apiKeys.text, "apiKeys" in texts ? texts.apiKeys : undefined);
    for (const name of ["adminKey", "testKey"] as const) {
      const text = (texts as Partial<Record<string, string>>)[name];
      if (text !== undefined) assertEquals(secrets[name].text, text);
    }
  }
});

Deno.test("a keys file that is made and deleted again and again is an error", async () => {
  const secrets = fakeSecrets();
  secrets.apiKeys.create = () => Promise.resolve(false);
  await assertRejects(() => ensureApiKeys(secrets), ConfigError, "again and again");
});

Deno.test("runs that go on beside each other or end anywhere leave keys that fit", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      // For each run, the number of its calls before it ends.
      fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 4 }),
      async (scheduler, lives) => {
        const shared = fakeSecrets();
        const runs = lives.map((life, run) => {
          let calls = 0;
          const step = async (what: string) => {
            await scheduler.schedule(Promise.resolve(), `run ${run}: ${what}`);
            if (calls++ >= life) throw new Error("the run has ended");
          };
          const view = (secret: FakeSecretFile): SecretFile => ({
            name: secret.name,
            read: () => step(`read ${secret.name}`).then(() => secret.read()),
            create: (text) => step(`create ${secret.name}`).then(() => secret.create(text)),
          });
          return ensureApiKeys({
            apiKeys: view(shared.apiKeys),
            adminKey: view(shared.adminKey),
            testKey: view(shared.testKey),
          }).catch((error: Error) => {
            assertEquals(error.message, "the run has ended");
          });
        });
        await scheduler.waitFor(Promise.all(runs));
        // The keys file never lists a key that its Secret does not have.
        if (shared.apiKeys.text !== undefined) assertFit(shared);
        await ensureApiKeys(shared);
        assertFit(shared);
      },
    ),
  );
});
