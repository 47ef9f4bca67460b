import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { clusterTest, get, install, type Installed, kubectl, list } from "../support/install.ts";
import { at } from "../support/helm.ts";
import { leftovers } from "../support/leftovers.ts";

const SMALL = ["poolSize=1", "api.replicas=0"];

async function tokenKeys({ release, api, worker }: Installed): Promise<string[]> {
  const secrets = await Promise.all(
    [api, worker].map((namespace) =>
      get("secret", `${release}-token-keys`, `--namespace=${namespace}`)
    ),
  );
  return secrets.map((secret) => secret?.["data"].keys);
}

clusterTest("token keys are made once and kept by upgrades", async () => {
  await using installed = await install(...SMALL);
  const [api, worker] = await tokenKeys(installed);
  assert(api !== undefined);
  assertEquals(api, worker);
  await installed.upgrade(...SMALL, "threshold=0.8");
  assertEquals(await tokenKeys(installed), [api, worker]);
  // One that is lost is made again from the other, not anew.
  await kubectl([
    "delete",
    "secret",
    `${installed.release}-token-keys`,
    `--namespace=${installed.api}`,
  ]);
  await installed.upgrade(...SMALL, "threshold=0.8");
  assertEquals(await tokenKeys(installed), [api, worker]);
});

clusterTest("a gallery that changes in its Secret replaces the workers", async () => {
  await using installed = await install(...SMALL);
  const { release, worker } = installed;
  const gallery = [...SMALL, "gallery.secrets={people}"];
  const checksum = async () =>
    at(
      await get("deployment", `${release}-worker`, `--namespace=${worker}`),
      "spec.template.metadata.annotations[face-it.io/gallery-checksum]",
    );
  const put = async (json: string) => {
    await kubectl(["delete", "secret", "people", `--namespace=${worker}`, "--ignore-not-found"]);
    const { ok, text } = await kubectl([
      "create",
      "secret",
      "generic",
      "people",
      `--namespace=${worker}`,
      `--from-literal=gallery.json=${json}`,
    ]);
    assert(ok, text);
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
});

clusterTest("uninstalling leaves the namespaces and the user's Secrets", async (t) => {
  await using installed = await install(...SMALL);
  const { release, worker } = installed;
  const inWorkers = `--namespace=${worker}`;
  await kubectl(["create", "secret", "generic", "people", inWorkers, "--from-literal=a=b"]);
  const owner = await get("configmap", `${release}-pool`, inWorkers);
  const { uid } = owner!.metadata as { uid?: string };
  await eventually(async () => (await list("pods", inWorkers)).length > 0, "a worker");
  const pod = (await list("pods", inWorkers))[0]!.metadata.name;
  const claim = [
    { op: "replace", path: "/metadata/labels/status", value: "busy" },
    {
      op: "add",
      path: "/metadata/ownerReferences",
      value: [{
        apiVersion: "v1",
        kind: "ConfigMap",
        name: `${release}-pool`,
        uid,
        controller: true,
      }],
    },
  ];
  const claimed = await kubectl([
    "patch",
    "pod",
    pod,
    inWorkers,
    "--type=json",
    `--patch=${JSON.stringify(claim)}`,
  ]);
  assert(claimed.ok, claimed.text);

  await installed.uninstall();

  await t.step("claimed workers go with the ConfigMap that owns them", async () => {
    await eventually(
      async () => (await list("pods", inWorkers)).length === 0,
      "no worker is left",
      60_000,
    );
  });
  await t.step("nothing else of the release is left", async () => {
    assertEquals(await leftovers(installed), [`${worker}: Secret/people`]);
  });
  await t.step("the namespaces serve the next install", async () => {
    await installed.upgrade(...SMALL);
    assert((await get("secret", "people", inWorkers)) !== undefined);
  });
});
