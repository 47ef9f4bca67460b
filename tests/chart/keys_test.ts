// The hook that makes the keys of worker tokens.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { at, find, refusal, render } from "../support/helm.ts";
import type { KubeObject } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";

const helmTest = needs("helm");
const OWN_TOKEN_KEYS = "token.privateKeysSecret=ours,token.publicKeysConfigMap=halves";
const OWN = `${OWN_TOKEN_KEYS},api.keysSecret=callers,gallery.templateKeysSecret=templates`;

const hooks = (objects: KubeObject[], component: string) =>
  objects.filter(({ metadata }) =>
    metadata.labels["app.kubernetes.io/component"] === component && isHook(metadata)
  );
const isHook = ({ annotations }: KubeObject["metadata"]) =>
  annotations?.["helm.sh/hook"] === "pre-install,pre-upgrade";
/** Options of deno in the command of the Job. */
const DENO = ["--no-prompt", "--frozen", "--cached-only"];
const isHookRule = (rules: { resources: string[] }[]) =>
  !rules.some(({ resources }) => resources.includes("pods"));
const weight = ({ metadata }: KubeObject) => Number(metadata.annotations["helm.sh/hook-weight"]);

helmTest("rendering twice without a cluster gives the same objects, and no key", async () => {
  for (const set of ["threshold=0.7", OWN, "gallery.revision=1,requestsPerWorker=5"]) {
    const [first, second] = [await render("--set", set), await render("--set", set)];
    assertEquals(first, second);
    assertEquals(first.filter(({ kind }) => kind === "Secret"), []);
  }
});

helmTest(
  "everything that the hook needs exists before its Job, and is deleted afterwards",
  async () => {
    const objects = await render();
    for (const component of ["namespaces", "keys"]) {
      const own = hooks(objects, component);
      assertEquals(own.filter(({ kind }) => kind === "Job").length, 1);
      const job = own.find(({ kind }) => kind === "Job")!;
      for (const object of own) {
        assertEquals(
          object.metadata.annotations["helm.sh/hook-delete-policy"],
          "before-hook-creation,hook-succeeded",
        );
        if (object !== job) assert(weight(object) < weight(job), object.kind);
      }
      const { spec } = job;
      assert(spec.activeDeadlineSeconds <= 300 && spec.backoffLimit <= 3);
    }
    const job = (name: string) => weight(find(objects, `Job/${name}`));
    for (const object of hooks(objects, "keys")) {
      assert(weight(object) > job("face-it-namespaces"), "the namespaces are made first");
    }
  },
);

helmTest("the hook's account may create keys and read its own, and nothing else", async () => {
  const objects = await render();
  const role = (name: string) => find(objects, `Role/${name}`);
  assertEquals(role("face-it-keys").metadata.namespace, "face-it-api");
  assertEquals(role("face-it-keys").rules, [
    { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
    {
      apiGroups: [""],
      resources: ["secrets"],
      resourceNames: [
        "face-it-token-private",
        "face-it-api-keys",
        "face-it-admin-key",
        "face-it-test-key",
      ],
      verbs: ["get"],
    },
  ]);
  assertEquals(role("face-it-keys-worker").metadata.namespace, "face-it-workers");
  assertEquals(role("face-it-keys-worker").rules, [
    { apiGroups: [""], resources: ["configmaps"], verbs: ["create"] },
    {
      apiGroups: [""],
      resources: ["configmaps"],
      resourceNames: ["face-it-token-public"],
      verbs: ["get", "update"],
    },
    { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
    {
      apiGroups: [""],
      resources: ["secrets"],
      resourceNames: ["face-it-template-keys"],
      verbs: ["get"],
    },
  ]);
  const accounts = ["RoleBinding/face-it-keys", "RoleBinding/face-it-keys-worker"]
    .flatMap((name) => find(objects, name).subjects);
  const account = { kind: "ServiceAccount", name: "face-it-keys", namespace: "face-it-api" };
  assertEquals(accounts, [account, account]);
  assertEquals(find(objects, "ClusterRole/face-it-namespaces.default").rules, [
    { apiGroups: [""], resources: ["namespaces"], verbs: ["create"] },
  ]);
});

helmTest("the hooks' pods reach only the API server", async () => {
  const cidr = "networkPolicy.apiServerCIDRs={10.0.0.1/32}";
  const objects = await render("--set", cidr);
  for (const name of ["face-it-keys", "face-it-namespaces"]) {
    const { spec } = find(objects, `NetworkPolicy/${name}`);
    assertEquals(spec.ingress, []);
    assertEquals(spec.egress.length, 1);
    assertEquals(spec.egress[0].to, [{ ipBlock: { cidr: "10.0.0.1/32" } }]);
    const labels = at(find(objects, `Job/${name}`), "spec.template.metadata.labels");
    for (const [label, value] of Object.entries(spec.podSelector.matchLabels)) {
      assertEquals((labels as Record<string, string>)[label], value as string);
    }
  }
  const off = await render("--set", "networkPolicy.enabled=false");
  assertEquals(hooks(off, "keys").filter(({ kind }) => kind === "NetworkPolicy"), []);
});

helmTest("without a gallery service, only what is enabled reaches DNS", async () => {
  const ports = [{ port: 53, protocol: "UDP" }, { port: 53, protocol: "TCP" }];
  const namespace = "networkPolicy.dns.namespace=dns";
  for (const set of ["enabled=false", "enabled=true", `enabled=true,${namespace}`]) {
    const objects = await render("--set", `gallery.secrets={staff},networkPolicy.dns.${set}`);
    const rules = ["face-it-api", "face-it-keys", "face-it-namespaces"].map((name) =>
      find(objects, `NetworkPolicy/${name}`).spec.egress
        .filter((rule: { ports: { port: number }[] }) => rule.ports[0]!.port === 53)
    );
    for (const rule of rules) assertEquals(rule, rules[0]);
    assertEquals(
      rules[0].map((rule: KubeObject) => rule["ports"]),
      set.startsWith("enabled=true") ? [ports] : [],
    );
  }
});

helmTest("with some keys of the user's own, the hook makes only the others", async () => {
  const made = async (set: string) => {
    const objects = await render("--set", set);
    const job = at(find(objects, "Job/face-it-keys"), "spec.template.spec.containers[keys]");
    const secrets = objects.filter(({ kind, rules }) => kind === "Role" && isHookRule(rules))
      .flatMap(({ rules }) => rules).flatMap((rule) => rule["resourceNames"] ?? []);
    return {
      options: (at(job, "command") as string[]).filter((word) =>
        word.startsWith("--") && !DENO.includes(word)
      ),
      names: secrets.sort(),
    };
  };
  assertEquals(await made(OWN_TOKEN_KEYS), {
    options: ["--template-keys", "--api-keys", "--admin-key", "--test-key"],
    names: ["face-it-admin-key", "face-it-api-keys", "face-it-template-keys", "face-it-test-key"],
  });
  assertEquals(await made("api.keysSecret=callers,gallery.templateKeysSecret=templates"), {
    options: ["--token-private", "--token-public"],
    names: ["face-it-token-private", "face-it-token-public"],
  });
  assertEquals(await made(`${OWN_TOKEN_KEYS},api.keysSecret=callers`), {
    options: ["--template-keys"],
    names: ["face-it-template-keys"],
  });
});

helmTest("workers that hold the gallery need no keys of templates", async () => {
  const objects = await render("--set", "gallery.secrets={staff}");
  assert(!JSON.stringify(objects).includes("template-keys"));
});

helmTest("with the user's own keys, nothing of the hook is rendered", async () => {
  const objects = await render("--set", OWN);
  assertEquals(hooks(objects, "keys"), []);
  const none = await render("--set", OWN, "--set", "namespaces.create=false");
  assertEquals(none.filter(({ kind }) => kind === "Job"), []);
});

helmTest(
  "one half of the keys alone is refused, and so is the value of the first version",
  async () => {
    for (const one of OWN_TOKEN_KEYS.split(",")) {
      assertStringIncludes(await refusal("--set", one), "set both token.privateKeysSecret and");
    }
    assertStringIncludes(
      await refusal("--set", "token.existingSecret=ours"),
      "token.existingSecret is no longer used",
    );
  },
);
