/** What the chart does by what it reads from the cluster. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { clusterTest, get, install, installBesideApi, kubectl } from "../support/install.ts";
import { refusal, render } from "../support/helm.ts";

const SMALL = ["poolSize=1", "api.replicas=0"];

/** What the chart creates. Helm 4 looks whether it is there, even to render it. */
const ALL_BUT_SECRETS = [
  "namespaces",
  "configmaps",
  "pods",
  "serviceaccounts",
  "services",
  "deployments.apps",
  "networkpolicies.networking.k8s.io",
  "poddisruptionbudgets.policy",
  "roles.rbac.authorization.k8s.io",
  "rolebindings.rbac.authorization.k8s.io",
  "validatingadmissionpolicies.admissionregistration.k8s.io",
  "validatingadmissionpolicybindings.admissionregistration.k8s.io",
];

for (const owner of ["release-name", "release-namespace"]) {
  clusterTest(`namespaces of another ${owner} are used as they are`, async () => {
    await using installed = await install(...SMALL);
    const { api, worker } = installed;
    await installed.uninstall();
    for (const namespace of [api, worker]) {
      await kubectl([
        "annotate",
        "namespace",
        namespace,
        `meta.helm.sh/${owner}=other`,
        "--overwrite",
      ]);
      await kubectl(["label", "namespace", namespace, "pod-security.kubernetes.io/enforce-"]);
    }
    await installed.upgrade(...SMALL);
    const { metadata } = (await get("namespace", worker))!;
    assertEquals(metadata.labels?.["pod-security.kubernetes.io/enforce"], undefined);
  });
}

clusterTest("the release may live in the namespace of its api", async () => {
  await using installed = await installBesideApi(...SMALL);
  const { api, worker } = installed;
  await installed.upgrade(...SMALL, "threshold=0.8");
  const labels = async (name: string) => (await get("namespace", name))!.metadata.labels;
  assertEquals((await labels(api))?.["pod-security.kubernetes.io/enforce"], undefined);
  assertEquals((await labels(worker))?.["pod-security.kubernetes.io/enforce"], "restricted");
});

clusterTest("autoscaling begins with the replicas that there are", async () => {
  await using installed = await install("poolSize=1", "api.replicas=3");
  const { release, api } = installed;
  await installed.upgrade("poolSize=1", "api.autoscaling.enabled=true");
  const deployment = await get("deployment", `${release}-api`, `--namespace=${api}`);
  assertEquals(deployment!["spec"].replicas, 3);
});

clusterTest("with a revision and token keys of the user's own no Secret is read", async () => {
  await using installed = await install(...SMALL);
  const { release, api, worker } = installed;
  const account = `--serviceaccount=${api}:${release}-api`;
  const role = ["clusterrole", `${release}-reader`];
  const binding = ["clusterrolebinding", `${release}-reader`];
  try {
    await create(...role, "--verb=get", `--resource=${ALL_BUT_SECRETS.join(",")}`);
    await create(...binding, `--clusterrole=${release}-reader`, account);
    const file = await installed.kubeconfig(api, `${release}-api`);
    const args = (...set: string[]) => {
      const values = [`namespaces.api=${api}`, `namespaces.worker=${worker}`, ...set];
      return ["--dry-run=server", "--kubeconfig", file, "--set", values.join(",")];
    };
    const both = ["gallery.revision=1", "token.existingSecret=ours"];
    const gallery = "gallery.secrets={people}";
    await render(...args(gallery, ...both));
    for (const one of both) {
      assertMatch(await refusal(...args(gallery, one)), /secrets .* is forbidden/);
    }
  } finally {
    await kubectl(["delete", ...role, "--ignore-not-found"]);
    await kubectl(["delete", ...binding, "--ignore-not-found"]);
  }
});

async function create(...args: string[]): Promise<void> {
  const { ok, text } = await kubectl(["create", ...args]);
  assert(ok, text);
}
