import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { CHART, helm } from "../support/helm.ts";
import { kubectl } from "../support/kubectl.ts";
import { type KubeObject, KubernetesClient } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";
import { freeVolumes } from "./volumes.ts";
import { runProgram } from "../support/run_program.ts";

const ROLLOUT_TIMEOUT = "--timeout=90s";

needs("helm", "node")("a rendered chart can be applied again, and no key changes", async () => {
  await using cleanup = new AsyncDisposableStack();
  const client = cleanup.use(await KubernetesClient.connect());
  await freeVolumes(client);
  const id = crypto.randomUUID().slice(0, 8);
  const [name, api, worker] = [`face-it-${id}`, `test-api-${id}`, `test-workers-${id}`];
  for (const namespace of [api, worker]) {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    const metadata = { name: namespace, labels };
    await client.create({ apiVersion: "v1", kind: "Namespace", metadata });
    cleanup.defer(() => client.delete("Namespace", namespace));
  }
  const values = [
    ...[`namespaces.api=${api}`, `namespaces.worker=${worker}`, "namespaces.create=false"],
    ...["poolSize=1", "api.replicas=1", "networkPolicy.dns.namespace="],
  ].flatMap((value) => ["--set", value]);
  const rendered = await helm([
    ...["template", name, CHART, "--kube-version=1.34.0", "--skip-tests"],
    ...values,
  ]);
  assert(rendered.ok, rendered.text);
  const apply = async () => {
    const { ok, text } = await runProgram("kubectl", ["apply", "--filename=-"], rendered.text);
    assert(ok, text);
    for (
      const [namespace, object] of [
        [worker, `statefulset/${name}-gallery`],
        [worker, `deployment/${name}-worker`],
        [api, `deployment/${name}-api`],
      ] as const
    ) {
      await kubectl("rollout", "status", object, `--namespace=${namespace}`, ROLLOUT_TIMEOUT);
    }
  };
  cleanup.defer(async () => {
    const args = ["delete", "--ignore-not-found", "--wait=false", "--filename=-"];
    await runProgram("kubectl", args, rendered.text);
  });
  const state = async () => {
    const secrets = await Promise.all([api, worker].map((name) => client.list("Secret", name)));
    const pod = await client.get("Pod", `${name}-gallery-0`, worker);
    return { keys: secrets.flat().map(content), gallery: pod!.metadata.uid };
  };

  await apply();
  const before = await state();
  assertEquals(before.keys.length, 5);
  await apply();
  await eventually(
    async () => (await client.get("Job", `${name}-keys`, api))!.status.succeeded === 1,
    "the Job has ended",
  );
  assertEquals(await state(), before);
});

function content({ metadata, data }: KubeObject): unknown {
  return { name: metadata.name, uid: metadata.uid, data };
}
