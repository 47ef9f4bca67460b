// Before it renders, the chart reads some objects of the cluster. These tests check the result.

import { assertEquals, assertMatch } from "@std/assert";
import { refusal, render } from "../support/helm.ts";
import { install, SMALL } from "../support/install.ts";
import { needs } from "../support/needs.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const ENFORCE = "pod-security.kubernetes.io/enforce";

/** Resources that the chart creates. Helm 4 checks if they exist, even if it only renders them. */
const ALL_BUT_SECRETS: Readonly<Record<string, readonly string[]>> = {
  "": ["namespaces", "configmaps", "pods", "serviceaccounts", "services"],
  "apps": ["deployments"],
  "networking.k8s.io": ["networkpolicies"],
  "policy": ["poddisruptionbudgets"],
  "rbac.authorization.k8s.io": ["roles", "rolebindings"],
  "admissionregistration.k8s.io": [
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
  ],
};

const clusterTest = needs("helm", "cluster");

for (const owner of ["release-name", "release-namespace"]) {
  clusterTest(`namespaces that belong to another ${owner} are not changed`, async () => {
    await using installed = await install({ set: SMALL });
    const { client, api, worker } = installed;
    await installed.uninstall();
    for (const namespace of [api, worker]) {
      const metadata = {
        annotations: { [`meta.helm.sh/${owner}`]: "other" },
        labels: { [ENFORCE]: null },
      };
      await client.patch("Namespace", namespace, undefined, { metadata });
    }
    await installed.upgrade(...SMALL);
    const { metadata } = (await client.get("Namespace", worker))!;
    assertEquals(metadata.labels?.[ENFORCE], undefined);
  });
}

clusterTest("the release may be installed in the namespace of its api", async () => {
  await using installed = await install({ set: SMALL, releaseNamespace: "api" });
  const { client, api, worker } = installed;
  await installed.upgrade(...SMALL, "threshold=0.8");
  const labels = async (name: string) => (await client.get("Namespace", name))!.metadata.labels;
  assertEquals((await labels(api))?.[ENFORCE], undefined);
  assertEquals((await labels(worker))?.[ENFORCE], "restricted");
});

clusterTest("autoscaling begins with the current number of replicas", async () => {
  await using installed = await install({ set: ["poolSize=1", "api.replicas=3"] });
  const { client, release, api } = installed;
  await installed.upgrade("poolSize=1", "api.autoscaling.enabled=true");
  const deployment = await client.get("Deployment", `${release}-api`, api);
  assertEquals(deployment!.spec.replicas, 3);
});

clusterTest(
  "with gallery.revision and the user's own token keys, the chart reads no Secret",
  async () => {
    await using stack = new AsyncDisposableStack();
    const installed = stack.use(await install({ set: SMALL }));
    const { client, release, api, worker } = installed;
    const rbac = "rbac.authorization.k8s.io";
    const name = `${release}-reader`;
    await client.create({
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRole",
      metadata: { name },
      rules: Object.entries(ALL_BUT_SECRETS)
        .map(([group, resources]) => ({ apiGroups: [group], resources, verbs: ["get"] })),
    });
    stack.defer(() => client.delete("ClusterRole", name));
    await client.create({
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name: `${release}-api`, namespace: api }],
    });
    stack.defer(() => client.delete("ClusterRoleBinding", name));
    const folder = stack.use(await temporaryFolder());
    const kubeconfig = await folder.write(
      "kubeconfig",
      (await installed.accountConfig()).exportConfig(),
    );
    const args = (...set: string[]) => {
      const values = [`namespaces.api=${api}`, `namespaces.worker=${worker}`, ...set];
      return ["--dry-run=server", "--kubeconfig", kubeconfig, "--set", values.join(",")];
    };
    const both = ["gallery.revision=1", "token.existingSecret=ours"];
    const gallery = "gallery.secrets={people}";
    await render(...args(gallery, ...both));
    for (const one of both) {
      assertMatch(await refusal(...args(gallery, one)), /secrets .* is forbidden/);
    }
  },
);
