import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { clusterTest, get, install, kubectl } from "../support/install.ts";
import { type KubeObject, render } from "../support/helm.ts";

/** Kinds that a cluster has only with the operators that read them. */
const FOREIGN = ["ServiceMonitor", "PrometheusRule", "HTTPRoute"];

const EVERYTHING = [
  "api.autoscaling.enabled=true",
  "ingress.enabled=true",
  "ingress.host=id.example.org",
  "ingress.tlsSecret=tls",
  "worker.runtimeClass.name=face-it-test",
  "worker.runtimeClass.create=true",
  "monitoring.dashboard.enabled=true",
  "networkPolicy.apiServerCIDRs={10.0.0.1/32}",
  "networkPolicy.apiFrom[0].podSelector.matchLabels.app=gate",
  "models.persistentVolumeClaim=models",
  "gallery.secrets={staff,guests}",
  "gallery.revision=2",
  "imagePullSecrets={pull}",
  "api.image.digest=sha256:" + "0".repeat(64),
  "api.service.type=NodePort",
  "worker.nodeSelector.disk=ssd",
  "worker.tolerations[0].operator=Exists",
];

for (
  const [what, set] of [
    ["the defaults", []],
    ["all that can be asked for", EVERYTHING],
    ["a gallery in a claim", ["gallery.persistentVolumeClaim.name=faces"]],
  ] as const
) {
  clusterTest(`the API server accepts every object of ${what}`, async () => {
    await using installed = await install("poolSize=1", "api.replicas=0");
    const values = [
      `namespaces.api=${installed.api}`,
      `namespaces.worker=${installed.worker}`,
      ...set,
    ];
    const objects = (await render(...values.flatMap((value) => ["--set", value])))
      .filter(({ kind }) => !FOREIGN.includes(kind));
    const args = ["apply", "--dry-run=server", "--validate=strict", "--filename=-"];
    const { ok, text } = await kubectl(
      args,
      JSON.stringify({
        apiVersion: "v1",
        kind: "List",
        items: objects,
      }),
    );
    assert(ok, text);
    assertEquals(text.match(/server dry run/g)?.length, objects.length);
  });
}

clusterTest("every pod is admitted where only restricted ones are", async () => {
  await using installed = await install("poolSize=1", "api.replicas=0");
  const { release, api, worker } = installed;
  const namespaces = `namespaces.api=${api},namespaces.worker=${worker}`;
  const objects = await render("--set", `${namespaces},fullnameOverride=${release}`);
  const pods = objects.flatMap(podOf);
  assertEquals(pods.length, 3);
  for (const namespace of [api, worker]) {
    const { metadata } = (await get("namespace", namespace))!;
    assertEquals(metadata.labels?.["pod-security.kubernetes.io/enforce"], "restricted");
  }
  for (const pod of pods) {
    const { ok, text } = await create(pod);
    assert(ok, text);
    const root = structuredClone(pod);
    root["spec"].securityContext.runAsNonRoot = false;
    const refused = await create(root);
    assertStringIncludes(refused.text, 'violates PodSecurity "restricted:latest"');
  }
});

/** A pod as the object makes it. */
function podOf({ kind, metadata, spec }: KubeObject): KubeObject[] {
  const { namespace, name } = metadata as { namespace: string; name: string };
  const pod = (spec: unknown) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `${name}-try`, namespace },
    spec,
  });
  if (kind === "Pod") return [pod(spec)];
  return kind === "Deployment" ? [pod(spec.template.spec)] : [];
}

function create(pod: KubeObject) {
  return kubectl(["create", "--dry-run=server", "--filename=-"], JSON.stringify(pod));
}
