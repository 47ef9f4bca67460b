import { assert, assertEquals } from "@std/assert";
import { at, environment, find, render, renderValues } from "../support/helm.ts";
import { needs } from "../support/needs.ts";

const API = "Deployment/face-it-api";
const WORKER = "Deployment/face-it-worker";
const GALLERY = "StatefulSet/face-it-gallery";
const PODS = [
  { object: API, pod: "spec.template.spec", container: "api" },
  { object: WORKER, pod: "spec.template.spec", container: "worker" },
  { object: GALLERY, pod: "spec.template.spec", container: "gallery" },
  { object: "Pod/face-it-test", pod: "spec", container: "test" },
  { object: "Job/face-it-keys", pod: "spec.template.spec", container: "keys" },
];
const DIGEST = `sha256:${"0".repeat(64)}`;

const helmTest = needs("helm");

for (
  const [what, image, expected] of [
    ["the chart's version", {}, "face-it/PART:0.1.0"],
    ["the registry", { registry: "example.org:5000" }, "example.org:5000/face-it/PART:0.1.0"],
    ["the name and tag", { repository: "ours/PART", tag: "edge" }, "ours/PART:edge"],
    ["the digest", { digest: DIGEST }, `face-it/PART:0.1.0@${DIGEST}`],
  ] as const
) {
  helmTest(`the pods' images have ${what}`, async () => {
    const of = (part: string) => ({
      image: Object.fromEntries(
        Object.entries(image).map(([key, text]) => [key, text.replace("PART", part)]),
      ),
    });
    const objects = await renderValues({
      api: of("api"),
      worker: of("worker"),
      gallery: of("gallery"),
    });
    for (const { object, pod, container } of PODS) {
      const part = ["worker", "gallery"].includes(container) ? container : "api";
      const rendered = at(find(objects, object), `${pod}.containers[${container}].image`);
      assertEquals(rendered, expected.replace("PART", part));
    }
  });
}

helmTest("each pod has the pull policy of its service, and the pull Secrets", async () => {
  const objects = await renderValues({
    imagePullSecrets: ["pull"],
    api: { image: { pullPolicy: "Always" } },
    worker: { image: { pullPolicy: "Never" } },
    gallery: { image: { pullPolicy: "Never" } },
  });
  for (const { object, pod, container } of PODS) {
    const spec = at(find(objects, object), pod);
    assertEquals(at(spec, "imagePullSecrets"), [{ name: "pull" }]);
    assertEquals(
      at(spec, `containers[${container}].imagePullPolicy`),
      ["worker", "gallery"].includes(container) ? "Never" : "Always",
    );
  }
});

for (const part of ["api", "worker", "gallery"]) {
  // The single pod with SQLite has no disruption budget.
  const postgres = part === "gallery" ? { postgres: { secret: "db" } } : {};
  helmTest(`the values of the ${part} decide where and how its pods run`, async () => {
    const values = {
      nodeSelector: { disk: "ssd" },
      tolerations: [{ key: "gpu" }],
      affinity: { podAffinity: {} },
      topologySpreadConstraints: [{ topologyKey: "rack" }],
      priorityClassName: "high",
    };
    const objects = await renderValues({
      [part]: {
        ...values,
        ...postgres,
        podAnnotations: { team: "doors" },
        resources: { limits: { memory: "2Gi" } },
        maxUnavailable: 3,
      },
    });
    const { metadata, spec } = find(objects, `Deployment/face-it-${part}`).spec.template;
    for (const [name, value] of Object.entries(values)) assertEquals(spec[name], value, name);
    assertEquals(metadata.annotations.team, "doors");
    assertEquals(at(spec, `containers[${part}].resources.limits.memory`), "2Gi");
    const budget = find(objects, `PodDisruptionBudget/face-it-${part}`);
    assertEquals(budget.spec.maxUnavailable, 3);
  });

  helmTest(`without maxUnavailable, the ${part} has no disruption budget`, async () => {
    const objects = await renderValues({ [part]: { maxUnavailable: null, ...postgres } });
    const budgets = objects.filter(({ kind }) => kind === "PodDisruptionBudget");
    assertEquals(budgets.length, part === "gallery" ? 2 : 1);
    assert(budgets.every(({ metadata }) => metadata.name !== `face-it-${part}`));
  });
}

helmTest("the pool has poolSize workers, and a rollout starts maxSurge more", async () => {
  const objects = await render("--set", "poolSize=7,worker.maxSurge=2");
  const { spec } = find(objects, WORKER);
  assertEquals(spec.replicas, 7);
  assertEquals(spec.strategy.rollingUpdate, { maxSurge: 2, maxUnavailable: 0 });
});

helmTest("by default each worker is a pod, which runs the image's own program", async () => {
  const objects = await render();
  const [worker] = find(objects, WORKER).spec.template.spec.containers;
  assertEquals(worker.command, undefined);
  const labels = find(objects, WORKER).spec.template.metadata.labels;
  assertEquals(labels["face-it.io/gallery"], "service");
  assertEquals(environment(find(objects, API))["ISOLATION"], "pod");
});

helmTest("with isolation: process, a pod runs a supervisor with several processes", async () => {
  const set = "isolation=process,poolSize=3,processes.perPod=6,processes.requestsPerPod=50";
  const objects = await render("--set", set);
  const deployment = find(objects, WORKER);
  const [worker] = deployment.spec.template.spec.containers;
  assertEquals(worker.command.slice(-2), ["-P=supervisor", "supervisor/main.ts"]);
  assertEquals(worker.resources.limits.memory, "2560Mi");
  const env = environment(deployment);
  assertEquals([env["PROCESSES_PER_POD"], env["REQUESTS_PER_POD"]], ["6", "50"]);

  // Neither kind of api claims the pods of the other kind, also one of an earlier version.
  const { labels } = deployment.spec.template.metadata;
  assertEquals(labels["face-it.io/gallery"], "service-process");
  const api = environment(find(objects, API));
  assert(api["WORKER_SELECTOR"]!.split(",").includes("face-it.io/gallery=service-process"));
  assertEquals(
    ["ISOLATION", "PROCESSES_PER_POD", "MAX_CLAIMED_PODS"].map((name) => api[name]),
    ["process", "6", "3"],
  );
});

helmTest("the api has api.replicas replicas, or the autoscaler's minimum", async () => {
  assertEquals(find(await render("--set", "api.replicas=5"), API).spec.replicas, 5);
  const autoscaling = { enabled: true, minReplicas: 3, maxReplicas: 9, targetCPU: 55 };
  const objects = await renderValues({ api: { replicas: 1, autoscaling } });
  assertEquals(find(objects, API).spec.replicas, 3);
  const { spec } = find(objects, "HorizontalPodAutoscaler/face-it-api");
  assertEquals(spec.scaleTargetRef.name, "face-it-api");
  assertEquals([spec.minReplicas, spec.maxReplicas], [3, 9]);
  assertEquals(spec.metrics[0].resource, {
    name: "cpu",
    target: { type: "Utilization", averageUtilization: 55 },
  });
});

helmTest("both services get their limits, and all limits are written in digits", async () => {
  const objects = await render(
    "--set",
    "requestsPerWorker=50,leaseMaxMs=86400000,limits.bodyTimeoutMs=3600000," +
      "limits.maxImageBytes=11000000,limits.maxImagePixels=12000000,limits.queueBytes=1000000000," +
      "limits.queueLimit=9,limits.requestTimeoutMs=7000,logLevel=warn",
  );
  const shared = {
    REQUESTS_PER_WORKER: "50",
    BODY_TIMEOUT_MS: "3600000",
    MAX_IMAGE_BYTES: "11000000",
    LOG_LEVEL: "warn",
  };
  const api = {
    ...shared,
    LEASE_MAX_MS: "86400000",
    QUEUE_BYTES: "1000000000",
    QUEUE_LIMIT: "9",
    REQUEST_TIMEOUT_MS: "7000",
  };
  for (
    const [object, expected] of [[API, api], [WORKER, {
      ...shared,
      MAX_IMAGE_PIXELS: "12000000",
    }]] as const
  ) {
    const env = environment(find(objects, object));
    for (const [name, value] of Object.entries(expected)) assertEquals(env[name], value, name);
  }
});

for (const [given, becomes] of [["0.19", "0.19"], ["1", "1"]]) {
  helmTest(`who holds the gallery gets threshold=${given} and matchOn=cosine`, async () => {
    const set = `threshold=${given},matchOn=cosine`;
    for (const [gallery, object] of [[GALLERY, GALLERY], ["secrets={staff}", WORKER]] as const) {
      const values = gallery === GALLERY ? set : `${set},gallery.${gallery}`;
      const { MATCH_THRESHOLD, MATCH_ON } = environment(
        find(await render("--set", values), object),
      );
      assertEquals([MATCH_THRESHOLD, MATCH_ON], [becomes, "cosine"]);
    }
    const { MATCH_THRESHOLD } = environment(find(await render("--set", set), WORKER));
    assertEquals(MATCH_THRESHOLD, undefined, "a worker without a gallery decides nothing");
  });
}

// helm --set makes a number of 1 and 0, and a string of 0.5.
for (const [given, becomes] of [["0.5", "0.5"], ["1", "1"], ["0", undefined], ["0.0", undefined]]) {
  helmTest(`the api and the gallery get livenessThreshold=${given}`, async () => {
    const objects = await render("--set", `livenessThreshold=${given}`);
    const thresholds = [API, GALLERY].map((object) =>
      environment(find(objects, object))["LIVENESS_THRESHOLD"]
    );
    assertEquals(thresholds, [becomes, becomes]);
  });
}

helmTest("the workers load models from a volume claim", async () => {
  const files = {
    recognition: "MODEL_PATH",
    detector: "DETECTOR_PATH",
    landmarks: "LANDMARKS_PATH",
    calibration: "MODEL_CALIBRATION",
  };
  const paths = Object.fromEntries(Object.keys(files).map((file) => [file, `a/${file}`]));
  const objects = await renderValues({ models: { persistentVolumeClaim: "m", ...paths } });
  const worker = find(objects, WORKER);
  assertEquals(at(worker, "spec.template.spec.volumes[models].persistentVolumeClaim"), {
    claimName: "m",
    readOnly: true,
  });
  for (const [file, variable] of Object.entries(files)) {
    assertEquals(environment(worker)[variable], `/etc/face-it/models/a/${file}`);
  }
});

helmTest("the api has only the private keys, and the workers only the public ones", async () => {
  const own = ["token.privateKeysSecret=ours", "token.publicKeysConfigMap=halves"];
  for (
    const [set, secretName, name] of [
      [[], "face-it-token-private", "face-it-token-public"],
      [own, "ours", "halves"],
    ] as const
  ) {
    const objects = await render(...set.map((value) => `--set=${value}`));
    // helm prints the octal 0440; this parser reads it as a decimal.
    const volume = (object: string) =>
      at(find(objects, object), "spec.template.spec.volumes[token-keys]");
    assertEquals(volume(API), {
      name: "token-keys",
      secret: {
        secretName,
        defaultMode: 440,
        items: [{ key: "private.pem", path: "private.pem" }],
      },
    });
    const env: { name: string; valueFrom?: unknown }[] =
      find(objects, WORKER).spec.template.spec.containers[0].env;
    assertEquals(env.find(({ name }) => name === "WORKER_TOKEN_PUBLIC_KEYS")?.valueFrom, {
      configMapKeyRef: { name, key: "public.pem" },
    });
    assert(!JSON.stringify(find(objects, WORKER)).includes(secretName));
  }
});

helmTest("a worker has a volume only for a gallery of its own or for models", async () => {
  const models = "models.persistentVolumeClaim=m";
  const volumesOf: [set: string[], names: string[] | undefined][] = [
    [[], undefined],
    [["isolation=process"], undefined],
    [[models], ["models"]],
    [["gallery.secrets={a,b}"], ["gallery"]],
    [["gallery.persistentVolumeClaim.name=g", models], ["gallery", "models"]],
  ];
  for (const [set, names] of volumesOf) {
    const objects = await render(...set.map((value) => `--set=${value}`));
    const { volumes, containers: [{ volumeMounts }] } = find(objects, WORKER).spec.template.spec;
    for (const named of [volumes, volumeMounts] as ({ name: string }[] | undefined)[]) {
      assertEquals(named?.map(({ name }) => name), names);
    }
  }
});

helmTest("the workers run with the RuntimeClass that the values name", async () => {
  const runtimeClass = { name: "gvisor", create: true, handler: "kata" };
  const objects = await renderValues({ worker: { runtimeClass } });
  assertEquals(at(find(objects, WORKER), "spec.template.spec.runtimeClassName"), "gvisor");
  assertEquals(find(objects, "RuntimeClass/gvisor").handler, "kata");
});

helmTest("a new gallery.revision replaces the workers, also when it is a number", async () => {
  const annotation = "spec.template.metadata.annotations[face-it.io/gallery-revision]";
  const revision = (objects: Awaited<ReturnType<typeof render>>) =>
    at(find(objects, WORKER), annotation);
  const secret = "gallery.secrets={staff}";
  assertEquals(revision(await render("--set", `${secret},gallery.revision=b`)), "b");
  // Helm would write this number as 2.026e+07.
  assertEquals(
    revision(await render("--set", `${secret},gallery.revision=20260101`)),
    "20260101",
  );
});

helmTest("all names except those of namespaces begin with fullnameOverride", async () => {
  for (const { kind, metadata } of await render("--set", "fullnameOverride=who")) {
    if (kind !== "Namespace") assert(metadata.name.startsWith("who-"), metadata.name);
  }
});
