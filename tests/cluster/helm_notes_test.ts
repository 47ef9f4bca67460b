import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CHART, helm } from "../support/helm.ts";
import { install, type Installed, SMALL } from "../support/install.ts";
import { needs } from "../support/needs.ts";

const clusterTest = needs("helm", "cluster");

async function notes({ release }: Installed, namespace = "default"): Promise<string> {
  const { ok, text } = await helm(["get", "notes", release, "--namespace", namespace]);
  assert(ok, text);
  return text;
}

clusterTest("the notes say what to do next, and warn of risks", async (t) => {
  const set = [...SMALL, "networkPolicy.apiServerCIDRs={10.0.0.1/32}"];
  await using installed = await install({ set });
  const { client, release, api, worker } = installed;

  await t.step("for the gallery service: how to enrol, and what uninstalling keeps", async () => {
    const text = await notes(installed);
    assertStringIncludes(text, `KEY=$(kubectl --namespace ${api} get secret ${release}-admin-key`);
    assertStringIncludes(text, "http://localhost:8080/users/ada/templates");
    assertStringIncludes(text, `the volume claim data-${release}-gallery-0 of ${worker}`);
    assertStringIncludes(text, `${release}-template-keys there has the keys`);
    assertStringIncludes(text, `rollout status statefulset/${release}-gallery`);
    assertStringIncludes(text, `helm test ${release} --namespace default`);
    assertStringIncludes(text, `kubectl --namespace ${api} port-forward service/${release}-api`);
    assertStringIncludes(text, "Everybody in the cluster may ask who a face is");
    assert(!text.includes("WARNING"), text);
    assert(!text.includes("kubectl label"), text);
  });

  await t.step("for a gallery given as a value: where Helm keeps it", async () => {
    // In --set an unescaped brace begins a list.
    await installed.upgrade(...SMALL, 'gallery.json=\\{"embeddings":[]}');
    const text = await notes(installed);
    assertStringIncludes(text, "WARNING: the gallery was given as a value");
    assertStringIncludes(
      text,
      "--reuse-values --set gallery.json= --set gallery.secrets={gallery-1}",
    );
    assertStringIncludes(text, `--selector owner=helm,name=${release},status=superseded`);
    assert(!text.includes("Uninstalling keeps the users"), text);
  });

  await t.step("for keys and a database of the user's own: where the users are", async () => {
    await installed.upgrade(...SMALL, "api.keysSecret=own", "gallery.postgres.secret=db");
    const text = await notes(installed);
    assertStringIncludes(text, "a key with the scopes admin and authenticate");
    assertStringIncludes(text, "they are in your database");
    assertStringIncludes(
      text,
      "WARNING: the gallery service may reach any address on the ports 5432",
    );
    assertStringIncludes(text, `rollout status deployment/${release}-gallery`);
  });

  await t.step("for an api that is published without keys: a warning", async () => {
    const values = ["api.service.type=NodePort", "api.allowAnonymousFromOutside=true"];
    await installed.upgrade(...SMALL, ...values);
    assertStringIncludes(await notes(installed), "WARNING: everybody who reaches the api may ask");
  });

  await t.step(
    "for a missing policy and for the user's own namespaces: warnings and a command",
    async () => {
      await installed.upgrade(...SMALL, "admissionPolicy.enabled=false", "namespaces.create=false");
      const text = await notes(installed);
      assertStringIncludes(text, "WARNING: without admissionPolicy.enabled");
      assertStringIncludes(
        text,
        "WARNING: the api may reach any address on the ports 443, 6443, 8443, 16443",
      );
      assertStringIncludes(text, `kubectl label namespace ${api} ${worker} pod-security`);
    },
  );

  await t.step("for a gallery Secret that can be changed: a warning and a command", async () => {
    const command = `kubectl --namespace ${worker} patch secret people --patch`;
    for (const immutable of [false, true]) {
      await client.delete("Secret", "people", worker);
      await client.create({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "people", namespace: worker },
        immutable,
      });
      await installed.upgrade(...SMALL, "gallery.secrets={people}");
      assertEquals((await notes(installed)).includes(command), !immutable);
    }
  });

  await t.step(
    "for workers with the gallery, and callers with keys: a key to recognise",
    async () => {
      await installed.upgrade(...SMALL, "gallery.secrets={people}", "api.allowAnonymous=false");
      const text = await notes(installed);
      assertStringIncludes(
        text,
        `KEY=$(kubectl --namespace ${api} get secret ${release}-admin-key`,
      );
      assertStringIncludes(text, '--header "Authorization: Bearer $KEY" --data-binary @PHOTO');
      assert(!text.includes("/users"), text);
    },
  );

  await t.step("for one namespace for both parts: a warning", async () => {
    await installed.upgrade(...SMALL, `namespaces.api=${worker}`);
    assertStringIncludes(
      await notes(installed),
      `WARNING: the api and the workers share the namespace ${worker}`,
    );
  });
});

clusterTest(
  "the notes show how to label a namespace until it enforces a Pod Security Standard",
  async () => {
    await using installed = await install({ set: SMALL, releaseNamespace: "api" });
    const { client, api } = installed;
    const command = `kubectl label namespace ${api} pod-security.kubernetes.io/enforce=restricted`;
    for (const _ of ["install", "upgrade"]) {
      assertStringIncludes(await notes(installed, api), command);
      await installed.upgrade(...SMALL);
    }
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    await client.patch("Namespace", api, undefined, { metadata: { labels } });
    await installed.upgrade(...SMALL);
    assert(!(await notes(installed, api)).includes("kubectl label"));
  },
);

clusterTest(
  "the command in the notes switches from a gallery value to a gallery Secret",
  async () => {
    await using installed = await install({ set: [...SMALL, 'gallery.json=\\{"embeddings":[]}'] });
    const { release } = installed;
    const values = ["--set", "gallery.json=", "--set", "gallery.secrets={gallery}"];
    // Hooks need a node.
    const args = ["--no-hooks", "--reuse-values", ...values];
    const { ok, text } = await helm(["upgrade", release, CHART, "--namespace", "default", ...args]);
    assert(ok, text);
  },
);
