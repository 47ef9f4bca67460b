// The program of the chart's hook that makes template keys and API keys, with exactly the rights that
// it needs.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { isSameHash, parseApiKey } from "../../api/callers/api_keys/api_key.ts";
import { parseKeysFile } from "../../api/callers/api_keys/keys_file.ts";
import { parseTemplateKeys } from "../../shared/template_keys.ts";
import { KubernetesClient } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";
import { runAs } from "./run_keys_hook.ts";

const PROGRAM = ["run", "-q", "--no-prompt", "--frozen", "--cached-only", "-P=keys"];
const NAMES = {
  "api-keys": "r-api-keys",
  "admin-key": "r-admin-key",
  "test-key": "r-test-key",
  "template-keys": "r-template-keys",
} as const;

type SecretName = keyof typeof NAMES;

/** Two namespaces, with an account that may make Secrets in both, and read those of the hook. */
class Place implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;

  private constructor(
    readonly client: KubernetesClient,
    readonly api: string,
    readonly worker: string,
    stack: AsyncDisposableStack,
  ) {
    this.#stack = stack;
  }

  /** @param readable Secrets that the account may read */
  static async open(readable = Object.keys(NAMES) as SecretName[]): Promise<Place> {
    await using opened = new AsyncDisposableStack();
    const client = opened.use(await KubernetesClient.connect());
    const id = crypto.randomUUID().slice(0, 8);
    const [api, worker] = [`test-api-${id}`, `test-workers-${id}`];
    for (const name of [api, worker]) {
      opened.defer(() => client.delete("Namespace", name));
      await client.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }
    const account = { kind: "ServiceAccount", name: "keys", namespace: api };
    await client.create({ apiVersion: "v1", kind: account.kind, metadata: account });
    for (const namespace of [api, worker]) {
      const metadata = { name: "keys", namespace };
      const apiVersion = "rbac.authorization.k8s.io/v1";
      const secrets = { apiGroups: [""], resources: ["secrets"] };
      const own = readable.filter((name) => (name === "template-keys") === (namespace === worker));
      const rules = [
        { ...secrets, verbs: ["create"] },
        ...own.map((name) => ({ ...secrets, verbs: ["get"], resourceNames: [NAMES[name]] })),
      ];
      await client.create({ apiVersion, kind: "Role", metadata, rules });
      await client.create({
        apiVersion,
        kind: "RoleBinding",
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "keys" },
        subjects: [account],
      });
    }
    return new Place(client, api, worker, opened.move());
  }

  /** Runs the program for the template keys, the API keys, or both. */
  run(what: { readonly template?: boolean; readonly api?: boolean }) {
    const option = (name: SecretName) => `--${name}=${this.namespaceOf(name)}/${NAMES[name]}`;
    return runAs(this.client, { namespace: this.api, name: "keys" }, [
      ...PROGRAM,
      "api/keys/main.ts",
      ...what.template ? [option("template-keys")] : [],
      ...what.api ? (["api-keys", "admin-key", "test-key"] as const).map(option) : [],
    ]);
  }

  namespaceOf(name: SecretName): string {
    return name === "template-keys" ? this.worker : this.api;
  }

  secret(name: SecretName) {
    return this.client.get("Secret", NAMES[name], this.namespaceOf(name));
  }

  async file(name: SecretName, file: string): Promise<string> {
    return atob((await this.secret(name))!.data[file]);
  }

  delete(name: SecretName): Promise<void> {
    return this.client.delete("Secret", NAMES[name], this.namespaceOf(name));
  }

  /** Checks that the keys file has the hashes of both keys, and returns the entries' scopes. */
  async scopes() {
    const keys = parseKeysFile(await this.file("api-keys", "keys.json"));
    const of = async (name: SecretName) => {
      const { id, hash } = parseApiKey(await this.file(name, "key"))!;
      const { sha256, scopes } = keys.get(id)!;
      assert(isSameHash(sha256, hash));
      return scopes;
    };
    assertEquals(keys.size, 2);
    return { admin: await of("admin-key"), test: await of("test-key") };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

const ALL = { template: true, api: true } as const;

needs("cluster")("the hook makes template keys and API keys once, and keeps them", async (t) => {
  await using place = await Place.open();
  const names = Object.keys(NAMES) as SecretName[];
  const objects = () => Promise.all(names.map((name) => place.secret(name)));
  const logs: string[] = [];
  const run = async (what: { template?: boolean; api?: boolean }) => {
    const { ok, text } = await place.run(what);
    assert(ok, text);
    logs.push(text);
    return text;
  };

  await t.step("each group of options makes its own keys", async () => {
    await run({ template: true });
    assertEquals((await objects()).map((object) => object !== undefined), [
      false,
      false,
      false,
      true,
    ]);
  });

  await t.step("simultaneous first runs end with the same keys", async () => {
    const texts = await Promise.all(Array.from({ length: 4 }, () => run(ALL)));
    assertEquals(texts.filter((text) => text.includes('"api_keys":"made"')).length, 1);
    for (const text of texts) assertStringIncludes(text, '"template_keys":"kept"');
    assertEquals(await place.scopes(), {
      admin: ["authenticate", "enrol", "admin"],
      test: ["authenticate"],
    });
    assertEquals(parseTemplateKeys(await place.file("template-keys", "template-keys")).length, 1);
    for (const object of await objects()) {
      assertEquals(object!.metadata.labels["app.kubernetes.io/managed-by"], "face-it");
    }
  });

  await t.step("Secrets that exist are not written again", async () => {
    const before = await objects();
    assertStringIncludes(
      await run(ALL),
      '"api_keys":"kept","admin_key":"kept","test_key":"kept"',
    );
    assertEquals(await objects(), before);
  });

  await t.step("no key is in the log", async () => {
    const keys = [
      await place.file("admin-key", "key"),
      await place.file("test-key", "key"),
      await place.file("template-keys", "template-keys"),
    ];
    for (const key of keys) {
      const secret = key.trim().split("_").at(-1)!;
      for (const form of [secret, btoa(secret), btoa(key)]) {
        assert(!logs.join("").includes(form));
      }
    }
  });

  await t.step("an admin key that was deleted stays deleted, and the log says so", async () => {
    await place.delete("admin-key");
    const text = await run(ALL);
    assertStringIncludes(text, '"admin_key":"missing"');
    assertStringIncludes(text, `"secret":"${NAMES["admin-key"]}"`);
    assertEquals(await place.secret("admin-key"), undefined);
  });

  await t.step("a lost keys file is made again from the keys that are left", async () => {
    const test = await place.file("test-key", "key");
    await place.delete("api-keys");
    assertStringIncludes(
      await run(ALL),
      '"api_keys":"made","admin_key":"made","test_key":"kept"',
    );
    await place.scopes();
    assertEquals(await place.file("test-key", "key"), test);
  });
});

needs("cluster")("without a right, the hook ends with one line that names the Secret", async () => {
  await using place = await Place.open(["api-keys", "test-key"]);
  for (const [what, name] of [[{ api: true }, "admin-key"], [ALL, "template-keys"]] as const) {
    const { ok, text } = await place.run(what);
    assert(!ok);
    assertEquals(text.trim().split("\n").length, 1, text);
    assertStringIncludes(text, "403");
    assertStringIncludes(text, NAMES[name]);
    assertEquals(await place.secret("api-keys"), undefined);
  }
});
