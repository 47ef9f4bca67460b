import { assert, assertEquals, assertRejects } from "@std/assert";
import { renderAs } from "../support/helm.ts";
import { install, type Installed } from "../support/install.ts";
import { type KubeObject, RefusedCall } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";

/** Kinds that exist only in a cluster where their operators are installed. */
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
  "api.allowAnonymousFromOutside=true",
  "worker.nodeSelector.disk=ssd",
  "worker.tolerations[0].operator=Exists",
];

const clusterTest = needs("helm", "cluster");

for (
  const [values, set] of [
    ["the default values", []],
    ["everything that can be switched on", EVERYTHING],
    ["a gallery in a volume claim", ["gallery.persistentVolumeClaim.name=faces"]],
    ["a gallery in PostgreSQL", ["gallery.postgres.secret=db", "gallery.replicas=2"]],
  ] as const
) {
  clusterTest(`the API server accepts every object of ${values}`, async () => {
    await using installed = await installNothing();
    const objects = await renderFor(installed, "face-it-accepted", set);
    const own = objects.filter(({ kind }) => !FOREIGN.includes(kind));
    assert(own.length > 10);
    for (const object of own) {
      const created = await installed.client.create(object, "dryRun=All&fieldValidation=Strict");
      assertEquals(created.metadata.name, object.metadata.name);
    }
  });
}

clusterTest("every pod is admitted to a namespace that admits only restricted pods", async () => {
  await using installed = await installNothing();
  const { client, release, api, worker } = installed;
  const pods = (await renderFor(installed, release)).flatMap(podOf)
    // The hooks' own accounts do not exist here. The release's namespace has no standard.
    .map((pod) =>
      pod.metadata.name.startsWith(`${release}-keys`) ||
        pod.metadata.name.startsWith(`${release}-namespaces`)
        ? inNamespace(pod, api, `${release}-api`)
        : pod
    );
  assertEquals(pods.length, 6);
  for (const namespace of [api, worker]) {
    const { metadata } = (await client.get("Namespace", namespace))!;
    assertEquals(metadata.labels["pod-security.kubernetes.io/enforce"], "restricted");
  }
  for (const pod of pods) {
    await client.create(pod, "dryRun=All");
    const root = structuredClone(pod);
    root.spec.securityContext.runAsNonRoot = false;
    await assertRejects(
      () => client.create(root, "dryRun=All"),
      RefusedCall,
      'violates PodSecurity "restricted:latest"',
    );
  }
});

function inNamespace(pod: KubeObject, namespace: string, serviceAccountName: string): KubeObject {
  const { metadata, spec } = pod;
  return { ...pod, metadata: { ...metadata, namespace }, spec: { ...spec, serviceAccountName } };
}

/** Installs the chart without a pod. */
function installNothing(): Promise<Installed> {
  return install({ set: ["api.replicas=0"], unscheduledWorkers: 0 });
}

/** Renders the objects of a release, but in the namespaces of the installed release. */
function renderFor({ api, worker }: Installed, release: string, set: readonly string[] = []) {
  const values = [`namespaces.api=${api}`, `namespaces.worker=${worker}`, ...set];
  return renderAs(release, values.map((value) => `--set=${value}`));
}

/** Returns a list with the pod of a Pod, a Deployment or a Job, or an empty list for other objects. */
function podOf({ kind, metadata, spec }: KubeObject): KubeObject[] {
  const { namespace, name } = metadata as { namespace: string; name: string };
  const pod = (spec: unknown) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `${name}-try`, namespace },
    spec,
  });
  if (kind === "Pod") return [pod(spec)];
  if (kind === "StatefulSet") {
    const claims: KubeObject[] = spec.volumeClaimTemplates;
    const volumes = claims.map(({ metadata }) => ({
      name: metadata.name,
      persistentVolumeClaim: { claimName: metadata.name },
    }));
    const own = spec.template.spec;
    return [pod({ ...own, volumes: [...own.volumes, ...volumes] })];
  }
  return ["Deployment", "Job"].includes(kind) ? [pod(spec.template.spec)] : [];
}
