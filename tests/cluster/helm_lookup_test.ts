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

clusterTest("the hook that makes namespaces is left out once both namespaces exist", async () => {
  await using installed = await install({ set: SMALL });
  const { client, api, worker } = installed;
  const jobs = async () => {
    const values = `namespaces.api=${api},namespaces.worker=${worker}`;
    const objects = await render("--dry-run=server", "--set", values);
    return objects.filter(({ kind }) => kind === "Job").map(({ metadata }) => metadata.name);
  };
  assertEquals(await jobs(), ["face-it-keys"]);
  // Namespaces that somebody else made are used as they are.
  for (const namespace of [api, worker]) {
    const labels = { [ENFORCE]: null };
    await client.patch("Namespace", namespace, undefined, { metadata: { labels } });
  }
  await installed.upgrade(...SMALL);
  const { metadata } = (await client.get("Namespace", worker))!;
  assertEquals(metadata.labels?.[ENFORCE], undefined);
});

clusterTest("the release may be installed in the namespace of its api", async () => {
  await using installed = await install({ set: SMALL, releaseNamespace: "api" });
  await installed.upgrade(...SMALL, "threshold=0.8");
  const { client, release, api } = installed;
  assertEquals((await client.get("Deployment", `${release}-api`, api))!.metadata.namespace, api);
});

clusterTest("autoscaling begins with the current number of replicas", async () => {
  await using installed = await install({ set: ["poolSize=1", "api.replicas=3"] });
  const { client, release, api } = installed;
  await installed.upgrade("poolSize=1", "api.autoscaling.enabled=true");
  const deployment = await client.get("Deployment", `${release}-api`, api);
  assertEquals(deployment!.spec.replicas, 3);
});

clusterTest(
  "with gallery.revision, the chart reads no Secret",
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
    const gallery = "gallery.secrets={people}";
    await render(...args(gallery, "gallery.revision=1"));
    assertMatch(await refusal(...args(gallery)), /secrets .* is forbidden/);
  },
);
