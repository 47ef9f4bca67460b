import { assert, assertEquals } from "@std/assert";
import { at, environment, find, render, renderValues } from "../support/helm.ts";
import type { KubeObject } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const helmTest = needs("helm");

const path = (objects: KubeObject[]) =>
  environment(find(objects, "Deployment/face-it-worker"))["EMBEDDINGS_PATH"];
const volume = (objects: KubeObject[]) =>
  at(find(objects, "Deployment/face-it-worker"), "spec.template.spec.volumes[gallery]");
const checksum = (objects: KubeObject[]) =>
  at(
    find(objects, "Deployment/face-it-worker"),
    "spec.template.metadata.annotations[face-it.io/gallery-checksum]",
  );

helmTest("by default, the gallery service holds the gallery, and no worker does", async () => {
  const objects = await render();
  assertEquals([volume(objects), path(objects)], [undefined, undefined]);
  assertEquals(environment(find(objects, "Deployment/face-it-worker"))["GALLERY_MODE"], "service");
});

helmTest("one Secret gives the workers one gallery file", async () => {
  const objects = await render("--set", "gallery.secrets={staff},gallery.key=people.json");
  assertEquals(at(volume(objects), "projected.sources"), [
    { secret: { name: "staff", items: [{ key: "people.json", path: "staff.json" }] } },
  ]);
  assertEquals(path(objects), "/etc/embeddings/staff.json");
});

helmTest("several Secrets give the workers a folder with one file for each Secret", async () => {
  const objects = await render("--set", "gallery.secrets={staff,guests}");
  const sources = at(volume(objects), "projected.sources") as {
    secret: { items: { path: string }[] };
  }[];
  assertEquals(sources.map(({ secret }) => secret.items[0]!.path), ["staff.json", "guests.json"]);
  assertEquals(path(objects), "/etc/embeddings");
});

helmTest("a volume claim gives the workers a gallery file, or a folder of files", async () => {
  const volumeClaim = "gallery.persistentVolumeClaim.name=faces";
  const file = await render("--set", volumeClaim);
  assertEquals(at(volume(file), "persistentVolumeClaim"), { claimName: "faces", readOnly: true });
  assertEquals(path(file), "/etc/embeddings/gallery.json");
  const folder = await render("--set", `${volumeClaim},gallery.persistentVolumeClaim.path=`);
  assertEquals(path(folder), "/etc/embeddings");
});

helmTest("the value gallery.json becomes a Secret, and changing it replaces workers", async () => {
  await using folder = await temporaryFolder();
  const file = await folder.write("gallery.json", '{"embeddings": []}');
  const objects = await render("--set-file", `gallery.json=${file}`);
  const [secret] = gallerySecrets(objects);
  assertEquals(atob(secret!["data"]["gallery.json"]), '{"embeddings": []}');
  assertEquals(at(volume(objects), "secret.secretName"), secret!.metadata.name);
  const other = await renderValues({ gallery: { json: '{"embeddings": [ ]}' } });
  assert(checksum(objects) !== checksum(other));
});

helmTest("a new content of gallery.json is a new Secret, which cannot change", async () => {
  const renderJson = (json: string) => renderValues({ gallery: { json } });
  const [one, same, other] = await Promise.all(
    ['{"embeddings": []}', '{"embeddings": []}', '{"embeddings": [ ]}'].map(renderJson),
  );
  assertEquals(one, same, "the same content gives the same objects");
  const [before, after] = [one!, other!].map((objects) => gallerySecrets(objects)[0]!);
  assert(before!.metadata.name !== after!.metadata.name);
  assertEquals(at(volume(other!), "secret.secretName"), after!.metadata.name);
  for (const { metadata, immutable } of [before!, after!]) {
    assertEquals(immutable, true);
    // Workers of the previous gallery still start while a rollout waits.
    assertEquals(metadata["annotations"]["helm.sh/resource-policy"], "keep");
    assertEquals(
      metadata["annotations"]["argocd.argoproj.io/sync-options"],
      "Prune=false,Delete=false",
    );
  }
});

helmTest("workers without a gallery can still start during the rollout to the first", async () => {
  for (const set of ["gallery.secrets={staff}", "gallery.persistentVolumeClaim.name=faces"]) {
    const empty = find(await render("--set", set), "ConfigMap/face-it-empty-gallery");
    assertEquals(JSON.parse(empty["data"]["gallery.json"]), { embeddings: [] });
    // helm rollback could not restore the ConfigMap of the first version, which was not immutable.
    assertEquals(empty["immutable"], undefined);
  }
});

function gallerySecrets(objects: KubeObject[]): KubeObject[] {
  return objects.filter(({ kind, metadata }) =>
    kind === "Secret" && metadata["labels"]["app.kubernetes.io/component"] === "gallery"
  );
}
