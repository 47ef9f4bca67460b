import { assert, assertEquals } from "@std/assert";
import { at, find, helmTest, type KubeObject, render } from "../support/helm.ts";

const WORKERS = { app: "face-recognition-worker", "app.kubernetes.io/instance": "face-it" };
const FREE_WORKERS = { ...WORKERS, status: "ready" };
const off = (switchName: string) => render("--set", `${switchName}.enabled=false`);
const kinds = (objects: KubeObject[]) => objects.map(({ kind }) => kind);

helmTest("the api's account may do what a claim needs, and nothing else", async () => {
  const objects = await render();
  const roles = objects.filter(({ kind }) => kind.endsWith("Role"));
  assertEquals(roles.map((role) => role["rules"]), [[
    { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch", "patch", "delete"] },
    {
      apiGroups: [""],
      resources: ["configmaps"],
      resourceNames: ["face-it-pool"],
      verbs: ["get"],
    },
  ]]);
});

helmTest("no worker has a token of the API server", async () => {
  const objects = await render();
  const pod = at(find(objects, "Deployment/face-it-worker"), "spec.template.spec");
  assertEquals(at(pod, "automountServiceAccountToken"), false);
  assertEquals(
    find(objects, "ServiceAccount/face-it-worker")["automountServiceAccountToken"],
    false,
  );
});

helmTest("a claim takes a pod out of the Deployment, not out of its policies", async () => {
  const objects = await render();
  const deployment = find(objects, "Deployment/face-it-worker");
  const selector = at(deployment, "spec.selector.matchLabels") as Record<string, string>;
  assertEquals({ ...selector, ...FREE_WORKERS }, selector);
  assertEquals(
    at(find(objects, "PodDisruptionBudget/face-it-worker"), "spec.selector.matchLabels"),
    FREE_WORKERS,
  );
  const spread = at(deployment, "spec.template.spec.topologySpreadConstraints.0.labelSelector");
  assertEquals(spread, { matchLabels: FREE_WORKERS });
  assertEquals(
    at(find(objects, "NetworkPolicy/face-it-worker"), "spec.podSelector.matchLabels"),
    WORKERS,
  );
  assertEquals(
    at(find(objects, "NetworkPolicy/face-it-api"), "spec.egress.0.to.0.podSelector.matchLabels"),
    WORKERS,
  );
});

helmTest("workers are reached by the api alone, and reach nothing", async () => {
  const { spec } = find(await render(), "NetworkPolicy/face-it-worker");
  assertEquals(spec.policyTypes, ["Ingress", "Egress"]);
  assertEquals(spec.egress, []);
  assertEquals(spec.ingress.length, 1);
  assertEquals(at(spec.ingress[0].from[0], "namespaceSelector.matchLabels"), {
    "kubernetes.io/metadata.name": "face-it-api",
  });
  assertEquals(
    at(spec.ingress[0].from[0], "podSelector.matchLabels[app.kubernetes.io/component]"),
    "api",
  );
});

helmTest("who may reach the api can be limited, helm test stays able to", async () => {
  const peer = "networkPolicy.apiFrom[0].podSelector.matchLabels.app=gate";
  const { spec } = find(await render("--set", peer), "NetworkPolicy/face-it-api");
  assertEquals(spec.ingress[0].from.length, 2);
  const open = find(await render(), "NetworkPolicy/face-it-api");
  assertEquals(open["spec"].ingress[0].from, undefined);
});

helmTest("network policies and the admission policy can be left out", async () => {
  assert(!kinds(await off("networkPolicy")).includes("NetworkPolicy"));
  assert(!kinds(await off("admissionPolicy")).some((kind) => kind.startsWith("Validating")));
});

helmTest("the api and its preStop have the time that its shutdown takes", async () => {
  const objects = await render();
  const api = at(find(objects, "Deployment/face-it-api"), "spec.template.spec");
  assertEquals(at(api, "terminationGracePeriodSeconds"), 25);
  assertEquals(at(api, "containers[api].lifecycle.preStop.sleep.seconds"), 5);
  const worker = at(find(objects, "Deployment/face-it-worker"), "spec.template.spec");
  assertEquals(at(worker, "terminationGracePeriodSeconds"), 15);
});
