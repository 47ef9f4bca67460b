import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { at } from "../support/helm.ts";
import { install, type Installed, SMALL } from "../support/install.ts";
import { pathOf } from "../support/kubernetes.ts";
import { leftovers } from "../support/leftovers.ts";
import { needs } from "../support/needs.ts";

const clusterTest = needs("helm", "cluster");

clusterTest(
  "an upgrade replaces the workers when the gallery in its Secret has changed",
  async () => {
    await using installed = await install({ set: SMALL });
    const { client, release, worker } = installed;
    const gallery = [...SMALL, "gallery.secrets={people}"];
    const checksum = async () =>
      at(
        await client.get("Deployment", `${release}-worker`, worker),
        "spec.template.metadata.annotations[face-it.io/gallery-checksum]",
      );
    const put = async (json: string) => {
      await client.delete("Secret", "people", worker);
      await createSecret(installed, { "gallery.json": json });
    };
    const seen = [await checksum()];
    for (const json of ['{"embeddings": []}', '{"embeddings": [ ]}']) {
      await put(json);
      await installed.upgrade(...gallery);
      seen.push(await checksum());
      await installed.upgrade(...gallery);
      assertEquals(await checksum(), seen.at(-1), "an upgrade without a change changes nothing");
    }
    assertEquals(new Set(seen).size, 3);
  },
);

clusterTest("uninstalling keeps the namespaces and the user's Secrets", async (t) => {
  await using installed = await install({ set: SMALL });
  const { client, release, worker } = installed;
  await createSecret(installed, { a: "b" });
  const pods = () => client.list("Pod", worker);
  await eventually(async () => (await pods()).length > 0, "there is a worker");
  await claim(installed, (await pods())[0]!.metadata.name);

  await installed.uninstall();

  await t.step(
    "claimed workers are deleted together with the ConfigMap that owns them",
    async () => {
      await eventually(async () => (await pods()).length === 0, "no worker is left", 60_000);
    },
  );
  await t.step("nothing else of the release is left, but the users", async () => {
    assertEquals((await leftovers(installed)).sort(), [
      `${worker}: PersistentVolumeClaim/data-${release}-gallery-0`,
      `${worker}: Secret/people`,
    ]);
  });
  await t.step("the next install can use the namespaces", async () => {
    await installed.upgrade(...SMALL);
    assert(await client.get("Deployment", `${release}-worker`, worker));
    assert(await client.get("Secret", "people", worker));
  });
});

/** Creates the Secret of a user in the workers' namespace. */
async function createSecret({ client, worker }: Installed, stringData: Record<string, string>) {
  await client.create({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "people", namespace: worker },
    stringData,
  });
}

/** Takes a pod out of the Deployment, as a claim does. */
async function claim({ client, release, worker }: Installed, pod: string): Promise<void> {
  const { name, uid } = (await client.get("ConfigMap", `${release}-pool`, worker))!.metadata;
  await client.call("PATCH", pathOf("Pod", pod, worker), [
    { op: "replace", path: "/metadata/labels/status", value: "busy" },
    {
      op: "add",
      path: "/metadata/ownerReferences",
      value: [{ apiVersion: "v1", kind: "ConfigMap", name, uid, controller: true }],
    },
  ]);
}
