import { assertEquals, assertThrows } from "@std/assert";
import { acceptsRequests, hasEnded, haveSameTemplate, podUrl, readPod } from "./pod.ts";
import { FakePodApi } from "./api_server/fake_pod_api.ts";

const METADATA = { name: "pod", uid: "uid", resourceVersion: "7" };

Deno.test("readPod reads a pod from a list and from a watch", () => {
  const created = "2026-01-02T03:04:03Z", start = "2026-01-02T03:04:05Z";
  const pod = readPod({
    metadata: { ...METADATA, labels: { app: "w" }, creationTimestamp: new Date(created) },
    spec: { containers: [], activeDeadlineSeconds: 30 },
    status: {
      phase: "Running",
      podIP: "10.0.0.1",
      conditions: [{ type: "Ready", status: "True" }],
      startTime: new Date(start),
    },
  });
  assertEquals(pod, {
    ...METADATA,
    labels: { app: "w" },
    annotations: undefined,
    deleting: false,
    phase: "Running",
    ready: true,
    ip: "10.0.0.1",
    createdAt: Date.parse(created),
    startedAt: Date.parse(start),
    activeDeadlineSeconds: 30,
  });
  // A watch has the time as a string.
  const watched = readPod({ metadata: METADATA, status: { startTime: start as unknown as Date } });
  assertEquals(watched.startedAt, Date.parse(start));
});

Deno.test("a new pod has no status yet", () => {
  const { phase, ready, ip, startedAt } = readPod({ metadata: METADATA });
  assertEquals({ phase, ready, ip, startedAt }, {
    phase: "Unknown",
    ready: false,
    ip: undefined,
    startedAt: undefined,
  });
});

Deno.test("a pod whose deletion was requested is deleting", () => {
  const metadata = { ...METADATA, deletionTimestamp: new Date() };
  assertEquals(readPod({ metadata }).deleting, true);
});

Deno.test("an object without a name, uid or version is not a pod", () => {
  for (const missing of ["name", "uid", "resourceVersion"]) {
    assertThrows(() => readPod({ metadata: { ...METADATA, [missing]: undefined } }), TypeError);
  }
});

Deno.test("a pod accepts requests when it runs, is ready, and has an address", () => {
  const pod = new FakePodApi().add("pod");
  assertEquals(acceptsRequests(pod), true);
  const changes = [
    { ready: false },
    { deleting: true },
    { phase: "Succeeded" },
    { ip: undefined },
    { startedAt: undefined },
  ];
  for (const change of changes) assertEquals(acceptsRequests({ ...pod, ...change }), false);
});

Deno.test("a pod that failed or succeeded has ended", () => {
  const pod = new FakePodApi().add("pod");
  const ended = ["Pending", "Running", "Failed", "Succeeded", "Unknown"]
    .filter((phase) => hasEnded({ ...pod, phase }));
  assertEquals(ended, ["Failed", "Succeeded"]);
});

Deno.test("pods have the same template when their pod-template-hash is the same", () => {
  const [a, b] = ["a", "b"].map((hash) =>
    new FakePodApi().add("pod", { labels: { "pod-template-hash": hash } })
  );
  assertEquals([haveSameTemplate(a!, a!), haveSameTemplate(a!, b!)], [true, false]);
});

Deno.test("a pod's address may be IPv4 or IPv6", () => {
  assertEquals(podUrl("10.0.0.1", 8080).href, "http://10.0.0.1:8080/");
  assertEquals(podUrl("fd00::1", 8080).href, "http://[fd00::1]:8080/");
});
