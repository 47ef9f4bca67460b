import { assert, assertEquals, assertRejects } from "@std/assert";
import { runProgram } from "../support/run_program.ts";
import { eventually } from "../support/eventually.ts";
import { at } from "../support/helm.ts";
import { install, type Installed, SMALL } from "../support/install.ts";
import { type KubeObject, RefusedCall } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";
import { bashCommands } from "../support/readme_commands.ts";

const clusterTest = needs("helm", "cluster");

const GOOD = '{"embeddings":[]}';
/** The chart cannot see that this gallery is broken. A worker does not start with it. */
const BROKEN = '{"embeddings":["broken"]}';

// In --set, an unescaped brace begins a list.
const withGallery = (json: string) => [...SMALL, `gallery.json=\\${json}`];

const secretOf = (podSpec: unknown) => at(podSpec, "volumes[gallery].secret.secretName");

/** Returns the name of the Secret that the Deployment's template refers to. */
async function currentSecret({ client, release, worker }: Installed): Promise<string> {
  const deployment = await client.get("Deployment", `${release}-worker`, worker);
  return String(secretOf(deployment!.spec.template.spec));
}

async function gallerySecrets({ client, worker }: Installed): Promise<Map<string, string>> {
  const secrets = await client.list("Secret", worker, "app.kubernetes.io/component=gallery");
  return new Map(
    secrets.map(({ metadata, data }) => [metadata.name, atob(data["gallery.json"])]),
  );
}

clusterTest(
  "an upgrade to a broken gallery leaves workers that start with the old one",
  async () => {
    await using installed = await install({ set: withGallery(GOOD) });
    const { client, worker } = installed;
    const good = await currentSecret(installed);
    const replicaSets = () => client.list("ReplicaSet", worker);
    const pods = async (secret: string) =>
      (await client.list("Pod", worker)).filter(({ spec }) => secretOf(spec) === secret);
    await eventually(async () => (await pods(good)).length === 1, "there is a worker");

    await installed.upgrade(...withGallery(BROKEN));
    const broken = await currentSecret(installed);
    assert(broken !== good);
    await eventually(async () => (await pods(broken)).length === 1, "the rollout begins");
    // No worker with the broken gallery is ever ready: nothing runs the pods of this cluster.
    const wanted = (await replicaSets()).map(({ spec }: KubeObject) =>
      [secretOf(spec.template.spec), spec.replicas] as const
    );
    assertEquals(new Map(wanted), new Map([[good, 1], [broken, 1]]));
    assertEquals(await gallerySecrets(installed), new Map([[good, GOOD], [broken, BROKEN]]));

    // A used worker is replaced by a worker with the old gallery.
    const [used] = await pods(good);
    await client.delete("Pod", used!.metadata.name, worker);
    await eventually(
      async () => (await pods(good)).some(({ metadata }) => metadata.uid !== used!.metadata.uid),
      "a worker with the old gallery replaces the deleted one",
    );

    await installed.upgrade(...withGallery(GOOD));
    assertEquals(await currentSecret(installed), good);
  },
);

clusterTest("a gallery Secret cannot be changed", async () => {
  await using installed = await install({ set: withGallery(GOOD) });
  const { client, worker } = installed;
  const data = { "gallery.json": btoa(BROKEN) };
  const error = await assertRejects(
    async () => await client.patch("Secret", await currentSecret(installed), worker, { data }),
    RefusedCall,
  );
  assertEquals(error.status, 422);
});

clusterTest("the documented commands delete all galleries but the one in use", async () => {
  await using installed = await install({ set: withGallery(GOOD) });
  const { client, release, worker } = installed;
  const commands = bashCommands(await Deno.readTextFile("docs/kubernetes.md"))
    .filter((command) => /^kubectl .* delete secret --selector /.test(command));
  assertEquals(commands.length, 2);
  const prune = async () => {
    for (const command of commands) {
      const line = command.replaceAll("face-it-workers", worker)
        .replaceAll("deployment face-it-worker", `deployment ${release}-worker`)
        .replaceAll(/(instance|name)=face-it\b/g, `$1=${release}`);
      const { ok, text } = await runProgram("bash", ["-c", line]);
      assert(ok, text);
    }
  };
  await installed.upgrade(...withGallery(BROKEN));
  await prune();
  const inUse = await currentSecret(installed);
  assertEquals(await gallerySecrets(installed), new Map([[inUse, BROKEN]]));
  const history = await client.list("Secret", "default", `owner=helm,name=${release}`);
  assertEquals(history.map(({ metadata }) => metadata.labels.status), ["deployed"]);

  await installed.uninstall();
  assertEquals((await gallerySecrets(installed)).size, 1, "an uninstall keeps the gallery");
});
