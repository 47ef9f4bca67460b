// The program of the chart's hook, as the hook's account.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import { parsePrivateKeys, parsePublicKeys } from "../../shared/http/token_keys.ts";
import { at, find, renderAs } from "../support/helm.ts";
import { type KubeObject, KubernetesClient } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";
import { runAs } from "./run_keys_hook.ts";

const clusterTest = needs("helm", "cluster");

/** The hooks of a release in two namespaces of their own, without their Jobs. */
class Hooks implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;

  private constructor(
    readonly client: KubernetesClient,
    readonly release: string,
    readonly api: string,
    readonly worker: string,
    readonly objects: readonly KubeObject[],
    stack: AsyncDisposableStack,
  ) {
    this.#stack = stack;
  }

  /** @param without Kinds of objects that are left out */
  static async open(...without: string[]): Promise<Hooks> {
    await using opened = new AsyncDisposableStack();
    const client = opened.use(await KubernetesClient.connect());
    const id = crypto.randomUUID().slice(0, 8);
    const [release, api, worker] = [`face-it-${id}`, `test-api-${id}`, `test-workers-${id}`];
    opened.defer(async () => {
      for (const namespace of [api, worker]) await client.delete("Namespace", namespace);
    });
    const objects = await renderAs(release, [
      `--set=namespaces.api=${api},namespaces.worker=${worker}`,
    ]);
    const hooks = objects.filter(({ kind, metadata }) =>
      metadata.annotations?.["helm.sh/hook"] === "pre-install,pre-upgrade" && kind !== "Job" &&
      !without.includes(kind)
    );
    for (const object of hooks.filter(({ metadata }) => metadata.namespace === undefined)) {
      opened.defer(() => client.delete(object.kind as "ClusterRole", object.metadata.name));
    }
    opened.defer(() => client.delete("ServiceAccount", `${release}-namespaces`, "default"));
    opened.defer(() => client.delete("NetworkPolicy", `${release}-namespaces`, "default"));
    const made = new Hooks(client, release, api, worker, objects, opened.move());
    const isFor = (component: string) => ({ metadata }: KubeObject) =>
      metadata.labels["app.kubernetes.io/component"] === component;
    for (const object of hooks.filter(isFor("namespaces"))) await client.create(object);
    // In the order of Helm: the Job that makes the namespaces, then what is in them.
    if (!without.includes("ClusterRole")) await made.run("namespaces");
    else for (const name of [api, worker]) await client.create(namespace(name));
    for (const object of hooks.filter(isFor("keys"))) await client.create(object);
    return made;
  }

  /** Runs the command of a hook's Job with the Job's account, and returns what it logs. */
  async run(hook: "namespaces" | "keys") {
    const job = find(this.objects, `Job/${this.release}-${hook}`);
    const pod = at(job, "spec.template.spec");
    const [deno, ...args] = at(pod, `containers[${hook}].command`) as string[];
    assertEquals(deno, "deno");
    const { namespace } = job.metadata as { namespace: string };
    return await runAs(this.client, {
      namespace,
      name: at(pod, "serviceAccountName") as string,
    }, args);
  }

  async secret(): Promise<string | undefined> {
    const secret = await this.client.get("Secret", `${this.release}-token-private`, this.api);
    return secret && atob(secret.data["private.pem"]);
  }

  async configMap(): Promise<string | undefined> {
    const name = `${this.release}-token-public`;
    return (await this.client.get("ConfigMap", name, this.worker))?.data["public.pem"];
  }

  async putSecret(text: string): Promise<void> {
    await this.client.delete("Secret", `${this.release}-token-private`, this.api);
    await this.client.create({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: `${this.release}-token-private`, namespace: this.api },
      stringData: { "private.pem": text },
    });
  }

  async putConfigMap(text: string): Promise<void> {
    await this.client.delete("ConfigMap", `${this.release}-token-public`, this.worker);
    await this.client.create({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: `${this.release}-token-public`, namespace: this.worker },
      data: { "public.pem": text },
    });
  }

  /** Checks that the workers have every key of the api, and returns both numbers of keys. */
  async check(): Promise<[privateKeys: number, publicKeys: number]> {
    const keys = parsePrivateKeys((await this.secret())!);
    const halves = parsePublicKeys((await this.configMap())!);
    for (const { id } of keys) assert(halves.has(id));
    return [keys.length, halves.size];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

const namespace = (name: string) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });

clusterTest("the hooks make the namespaces and the keys, and keep them", async (t) => {
  await using hooks = await Hooks.open();
  const { client, release, api, worker } = hooks;

  await t.step("the namespaces admit only restricted pods", async () => {
    for (const name of [api, worker]) {
      const { metadata } = (await client.get("Namespace", name))!;
      assertEquals(metadata.labels["pod-security.kubernetes.io/enforce"], "restricted");
    }
    const { ok, text } = await hooks.run("namespaces");
    assert(ok, text);
    assertStringIncludes(text, '"outcome":"kept"');
  });

  await t.step("simultaneous first runs end with the same keys", async () => {
    const runs = await Promise.all(Array.from({ length: 4 }, () => hooks.run("keys")));
    for (const { ok, text } of runs) assert(ok, text);
    const made = runs.filter(({ text }) => text.includes('"private_keys":"made"'));
    assertEquals(made.length, 1);
    assertEquals(await hooks.check(), [1, 1]);
  });

  await t.step("keys that exist are kept, and no key is printed", async () => {
    const before = [await hooks.secret(), await hooks.configMap()];
    const { ok, text } = await hooks.run("keys");
    assert(ok, text);
    assertStringIncludes(text, '"private_keys":"kept","public_keys":"kept"');
    assertEquals([await hooks.secret(), await hooks.configMap()], before);
    for (const line of before.join("").split("\n").filter((line) => line !== "")) {
      assert(!text.includes(line));
    }
  });

  await t.step("lost public keys are made again from the private ones", async () => {
    const before = await hooks.configMap();
    await client.delete("ConfigMap", `${release}-token-public`, worker);
    assert((await hooks.run("keys")).ok);
    assertEquals(await hooks.configMap(), before);
  });

  await t.step("a key that the user added gets its public half", async () => {
    const next = fakeTokenKeys();
    const both = `${await hooks.secret()}${next.privatePem}`;
    await hooks.putSecret(both);
    const { ok, text } = await hooks.run("keys");
    assert(ok, text);
    assertEquals(await hooks.secret(), both);
    assertEquals(await hooks.check(), [2, 2]);
  });

  await t.step("a lost private key is replaced, and the old public keys stay", async () => {
    await client.delete("Secret", `${release}-token-private`, api);
    assert((await hooks.run("keys")).ok);
    assertEquals(await hooks.check(), [1, 3]);
  });

  await t.step("keys that cannot be used are an error, and stay as they are", async () => {
    const privatePem = (await hooks.secret())!;
    for (
      const [secret, halves] of [
        ["a key of the first version, with 32 characters", ""],
        [privatePem, "no key"],
        [privatePem, privatePem],
      ] as const
    ) {
      await hooks.putSecret(secret);
      await hooks.putConfigMap(halves);
      const { ok, text } = await hooks.run("keys");
      assert(!ok);
      assertEquals(text.trim().split("\n").length, 1, text);
      assertStringIncludes(text, "Worker token keys");
      for (const line of secret.split("\n").filter((line) => line.length > 12)) {
        if (!line.startsWith("-----")) assert(!text.includes(line));
      }
      assertEquals([await hooks.secret(), await hooks.configMap()], [secret, halves]);
    }
  });
});

clusterTest(
  "a hook without its rights fails with one line that says what it may not do",
  async () => {
    await using hooks = await Hooks.open("RoleBinding", "ClusterRole");
    const { api } = hooks;
    for (
      const [hook, what] of [["keys", `secrets`], ["namespaces", `namespaces`]] as const
    ) {
      const { ok, text } = await hooks.run(hook);
      assert(!ok);
      assertEquals(text.trim().split("\n").length, 1, text);
      assertStringIncludes(text, "403");
      assertStringIncludes(text, what);
    }
    assertEquals(await hooks.secret(), undefined, api);
  },
);
