import { assert, assertEquals } from "@std/assert";
import { at, find, render, renderValues } from "../support/helm.ts";
import type { KubeObject } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";

const helmTest = needs("helm");

const WORKERS = { app: "face-recognition-worker", "app.kubernetes.io/instance": "face-it" };
const FREE_WORKERS = { ...WORKERS, status: "ready", "face-it.io/gallery": "service" };
const GALLERY_SERVICE = {
  "app.kubernetes.io/name": "face-it",
  "app.kubernetes.io/instance": "face-it",
  "app.kubernetes.io/component": "gallery-service",
};
const off = (switchName: string) => render("--set", `${switchName}.enabled=false`);
const kinds = (objects: KubeObject[]) => objects.map(({ kind }) => kind);

helmTest("the api's account may do what a claim needs, and nothing else", async () => {
  const objects = await render();
  // The hooks have accounts of their own.
  const roles = objects.filter(({ kind, metadata }) =>
    kind.endsWith("Role") && metadata.annotations?.["helm.sh/hook"] === undefined
  );
  assertEquals(roles.map((role) => role.rules), [[
    { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch", "patch", "delete"] },
    {
      apiGroups: [""],
      resources: ["configmaps"],
      resourceNames: ["face-it-pool"],
      verbs: ["get", "watch"],
    },
  ]]);
});

helmTest("no worker has a token for the API server", async () => {
  const objects = await render();
  const pod = at(find(objects, "Deployment/face-it-worker"), "spec.template.spec");
  assertEquals(at(pod, "automountServiceAccountToken"), false);
  assertEquals(
    find(objects, "ServiceAccount/face-it-worker")["automountServiceAccountToken"],
    false,
  );
});

helmTest("a claimed pod leaves the Deployment, and keeps its NetworkPolicies", async () => {
  const objects = await render();
  const deployment = find(objects, "Deployment/face-it-worker");
  const selector = at(deployment, "spec.selector.matchLabels") as Record<string, string>;
  assertEquals({ ...selector, ...WORKERS, status: "ready" }, selector);
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

helmTest("only the api can connect to workers, and workers can connect to nothing", async () => {
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

helmTest("apiFrom limits who reaches the api, and helm test still works", async () => {
  const peer = "networkPolicy.apiFrom[0].podSelector.matchLabels.app=gate";
  const { spec } = find(await render("--set", peer), "NetworkPolicy/face-it-api");
  assertEquals(spec.ingress[0].from.map((peer: unknown) => at(peer, "podSelector.matchLabels")), [
    { app: "gate" },
    {
      "app.kubernetes.io/name": "face-it",
      "app.kubernetes.io/instance": "face-it",
      "app.kubernetes.io/component": "test",
    },
  ]);
  const open = find(await render(), "NetworkPolicy/face-it-api");
  assertEquals(open.spec.ingress[0].from, undefined);
});

helmTest(
  "the api can connect only to workers, API servers, and the gallery service with its name",
  async () => {
    const egress = async (...args: string[]) =>
      find(await render(...args), "NetworkPolicy/face-it-api").spec.egress;
    const [workers, apiServer, ...more] = await egress("--set", "gallery.secrets={staff}");
    assertEquals(workers.ports, [{ port: 8080, protocol: "TCP" }]);
    const [_workers, gallery, dns, _apiServer, ...others] = await egress();
    assertEquals(gallery.ports, workers.ports);
    assertEquals(at(gallery, "to.0.podSelector.matchLabels"), GALLERY_SERVICE);
    assertEquals(dns.ports[0].port, 53);
    assertEquals(others, []);
    assertEquals(
      apiServer.ports,
      // The Service, kubeadm and most clusters, minikube, MicroK8s.
      [443, 6443, 8443, 16443].map((port) => ({ port, protocol: "TCP" })),
    );
    assertEquals(more, []);
  },
);

helmTest("the api can connect only to the given API server and DNS", async () => {
  const egress = async (networkPolicy: unknown) => {
    const objects = await renderValues({ networkPolicy });
    const [_workers, _gallery, dns, apiServer] = find(objects, "NetworkPolicy/face-it-api").spec
      .egress;
    return { dns, apiServer };
  };
  const named = await egress({
    dns: { enabled: true, namespace: "dns", podLabels: { "k8s-app": "coredns" } },
    apiServerCIDRs: ["10.0.0.1/32"],
    apiServerPorts: [8443],
  });
  assertEquals(named.dns.to, [{
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "dns" } },
    podSelector: { matchLabels: { "k8s-app": "coredns" } },
  }]);
  assertEquals(named.apiServer, {
    ports: [{ port: 8443, protocol: "TCP" }],
    to: [{ ipBlock: { cidr: "10.0.0.1/32" } }],
  });
  const open = await egress({ dns: { enabled: true, namespace: "" } });
  assertEquals([open.dns.to, open.apiServer.to], [undefined, undefined]);
});

helmTest("only the api can connect to the gallery service", async () => {
  const { spec } = find(await render(), "NetworkPolicy/face-it-gallery");
  assertEquals(spec.podSelector.matchLabels, GALLERY_SERVICE);
  assertEquals(spec.policyTypes, ["Ingress", "Egress"]);
  assertEquals(spec.ingress.length, 1);
  const [from, ...others] = spec.ingress[0].from;
  assertEquals(others, []);
  assertEquals(at(from, "namespaceSelector.matchLabels"), {
    "kubernetes.io/metadata.name": "face-it-api",
  });
  assertEquals(at(from, "podSelector.matchLabels[app.kubernetes.io/component]"), "api");
});

helmTest("the gallery service can connect to nothing, or to its database alone", async () => {
  const egress = async (...args: string[]) =>
    find(await render(...args), "NetworkPolicy/face-it-gallery").spec.egress;
  assertEquals(await egress(), []);
  const postgres = "gallery.postgres.secret=db,networkPolicy.databasePorts={6432}";
  const [database, dns, ...others] = await egress(
    "--set",
    `${postgres},networkPolicy.databaseTo[0].ipBlock.cidr=10.0.0.5/32`,
  );
  assertEquals(database, {
    ports: [{ port: 6432, protocol: "TCP" }],
    to: [{ ipBlock: { cidr: "10.0.0.5/32" } }],
  });
  assertEquals(dns.ports[0].port, 53);
  assertEquals(others, []);
  assertEquals((await egress("--set", postgres))[0].to, undefined);
});

helmTest("the network policies and the admission policy can be switched off", async () => {
  assert(!kinds(await off("networkPolicy")).includes("NetworkPolicy"));
  assert(!kinds(await off("admissionPolicy")).some((kind) => kind.startsWith("Validating")));
});

helmTest("pods have enough time to shut down", async () => {
  const objects = await render();
  const api = at(find(objects, "Deployment/face-it-api"), "spec.template.spec");
  assertEquals(at(api, "terminationGracePeriodSeconds"), 25);
  assertEquals(at(api, "containers[api].lifecycle.preStop.sleep.seconds"), 5);
  const worker = at(find(objects, "Deployment/face-it-worker"), "spec.template.spec");
  assertEquals(at(worker, "terminationGracePeriodSeconds"), 15);
});
