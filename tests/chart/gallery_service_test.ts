// The gallery service: where its users are, and who has which keys.

import { assert, assertEquals } from "@std/assert";
import denoConfig from "../../deno.json" with { type: "json" };
import { at, environment, find, render } from "../support/helm.ts";
import { needs } from "../support/needs.ts";

const helmTest = needs("helm");

const SQLITE = "StatefulSet/face-it-gallery";
const POSTGRES = "Deployment/face-it-gallery";
const TEMPLATE_KEYS = "face-it-template-keys";

helmTest("by default, the users are in SQLite on a volume of one pod", async () => {
  const { spec } = find(await render(), SQLITE);
  assertEquals(spec.replicas, 1);
  const [volume, ...others] = spec.volumeClaimTemplates;
  assertEquals(others, []);
  assertEquals(volume.spec, {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage: "4Gi" } },
  });
  const mounts = at(spec, "template.spec.containers[gallery].volumeMounts[data]");
  assertEquals(mounts, { name: "data", mountPath: "/data" });
});

helmTest("the template of the volume claim never changes by itself", async () => {
  const templates = await Promise.all(
    [[], ["--set=gallery.image.tag=next,logLevel=warn,poolSize=9"]].map(
      async (args) => find(await render(...args), SQLITE).spec.volumeClaimTemplates,
    ),
  );
  assertEquals(templates[0], templates[1]);
  // Kubernetes would refuse an upgrade that changes the label with the version.
  const labels = templates[0][0].metadata.labels;
  assert(Object.keys(labels).every((name) => !/version|chart/.test(name)), labels);
});

helmTest("the values of the volume reach the volume claim", async () => {
  const set = "storageClass=fast,size=20Gi,accessMode=ReadWriteOncePod";
  const values = set.split(",").map((value) => `gallery.volume.${value}`).join(",");
  assertEquals(find(await render("--set", values), SQLITE).spec.volumeClaimTemplates[0].spec, {
    accessModes: ["ReadWriteOncePod"],
    storageClassName: "fast",
    resources: { requests: { storage: "20Gi" } },
  });
});

helmTest("with PostgreSQL, replicas without a volume get the URL from the Secret", async () => {
  const set = "gallery.postgres.secret=db,gallery.postgres.key=uri,gallery.replicas=3";
  const objects = await render("--set", set);
  assertEquals(objects.filter(({ kind }) => kind === "StatefulSet"), []);
  const { spec } = find(objects, POSTGRES);
  assertEquals(spec.replicas, 3);
  assertEquals(at(spec, "template.spec.containers[gallery].env[GALLERY_STORE]"), {
    name: "GALLERY_STORE",
    valueFrom: { secretKeyRef: { name: "db", key: "uri" } },
  });
  const volumes: { name: string }[] = spec.template.spec.volumes;
  assertEquals(volumes.map(({ name }) => name), ["token-keys", "template-keys"]);
});

helmTest("only the gallery service has the keys of templates", async () => {
  for (const set of [TEMPLATE_KEYS, "own"]) {
    const objects = await render(
      ...set === "own" ? ["--set", "gallery.templateKeysSecret=own"] : [],
    );
    const pods = objects.filter(({ kind }) => /^(Deployment|StatefulSet|Pod)$/.test(kind));
    const holders = pods.filter((pod) => JSON.stringify(pod).includes(`"secretName":"${set}"`));
    assertEquals(holders.map(({ kind, metadata }) => `${kind}/${metadata.name}`), [SQLITE]);
  }
});

helmTest("only the api has the callers' keys", async () => {
  for (const set of ["face-it-api-keys", "own"]) {
    const objects = await render(...set === "own" ? ["--set", "api.keysSecret=own"] : []);
    const pods = objects.filter(({ kind }) => /^(Deployment|StatefulSet|Pod)$/.test(kind));
    const holders = pods.filter((pod) => JSON.stringify(pod).includes(`"secretName":"${set}"`));
    assertEquals(holders.map(({ metadata }) => metadata.name), ["face-it-api"]);
    const api = find(objects, "Deployment/face-it-api");
    assertEquals(environment(api)["API_KEYS_PATH"], "/etc/face-it/api-keys/keys.json");
    assertEquals(environment(api)["GALLERY_URL"], "http://face-it-gallery.face-it-workers");
  }
});

helmTest("workers that hold the gallery have no gallery service beside them", async () => {
  for (
    const set of [
      "gallery.secrets={staff}",
      "gallery.persistentVolumeClaim.name=faces",
    ]
  ) {
    const objects = await render("--set", set);
    const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    assertEquals(names.filter((name) => name.endsWith("/face-it-gallery")), []);
    assertEquals(environment(find(objects, "Deployment/face-it-api"))["GALLERY_URL"], undefined);
  }
});

helmTest("gallery files in Secrets are imported before the gallery service starts", async () => {
  const set =
    "gallery.importSecrets={staff,guests},gallery.key=people.json,gallery.requireConsent=true";
  for (
    const [extra, object] of [["", SQLITE], [",gallery.postgres.secret=db", POSTGRES]] as const
  ) {
    const pod = at(find(await render("--set", set + extra), object), "spec.template.spec");
    const [init] = at(pod, "initContainers") as Record<string, unknown>[];
    const folder = "/etc/face-it/imports";
    assertEquals(init!["command"], [
      ...["gallery", "import", `${folder}/staff.json`, `${folder}/guests.json`],
    ]);
    const service = at(pod, "containers[gallery]");
    // Everything that the command reads: tests/integration/gallery_command_test.ts uses it, too.
    for (const variable of denoConfig.permissions["gallery-command"].env.allow) {
      if (variable === "DATA_DIR") continue;
      assertEquals(at(init, `env[${variable}]`), at(service, `env[${variable}]`));
    }
    assertEquals(at(pod, "volumes[imports].projected.sources.0.secret"), {
      name: "staff",
      items: [{ key: "people.json", path: "staff.json" }],
    });
  }
  assertEquals(at(find(await render(), SQLITE), "spec.template.spec.initContainers"), undefined);
});
