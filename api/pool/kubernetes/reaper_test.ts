import { assertEquals } from "@std/assert";
import { FakePodApi, noAnswer } from "./api_server/fake_pod_api.ts";
import { ApiError } from "./api_server/pod_api.ts";
import { fakeServices } from "./fake_cluster.ts";
import type { Pod } from "./pod.ts";
import { reapReason, runReaper } from "./reaper.ts";

const NOW = 1_000_000_000_000;
const REQUEST_MS = 10_000;
const api = new FakePodApi();

/** Adds a busy pod. The replica `by` has claimed it, and the claim ends `ms` after `NOW`. */
function claimed(by: string, ms: number, change: Partial<Pod> = {}): Pod {
  return api.add("pod", {
    labels: { app: "w", status: "busy" },
    annotations: {
      "face-it.io/claimed-by": by,
      "face-it.io/claim-id": "id",
      "face-it.io/claim-deadline": new Date(NOW + ms).toISOString(),
    },
    ...change,
  });
}

const nothing = { pods: () => [], isTaken: () => false, isUndeleted: () => false };
const reason = (pod: Pod, view = nothing) => reapReason(pod, NOW, "me", REQUEST_MS, view);

Deno.test("a claim of any replica is reaped a request's time and a minute after its deadline, but never for the pod's age", () => {
  assertEquals(reason(claimed("other", -70_001)), "past_deadline");
  assertEquals(reason(claimed("other", -70_000)), undefined);
  assertEquals(reason(claimed("other", 1, { startedAt: 0 })), undefined);
});

Deno.test("a pod that ended is reaped", () => {
  assertEquals(reason(claimed("other", 1, { phase: "Failed" })), "ended");
  assertEquals(reason(claimed("other", 1, { phase: "Succeeded" })), "ended");
});

Deno.test("a replica reaps the pods that it has claimed but does not use", () => {
  assertEquals(reason(claimed("me", 1)), "lost_track");
  assertEquals(reason(claimed("me", 1), { ...nothing, isTaken: () => true }), undefined);
});

Deno.test("a deletion that failed is retried before the deadline", () => {
  assertEquals(reason(claimed("me", 1), { ...nothing, isUndeleted: () => true }), "delete_failed");
});

Deno.test("a pod without a claim is not reaped, nor is a pod that is being deleted", () => {
  assertEquals(reason(api.add("free", { startedAt: 0 })), undefined);
  assertEquals(reason(claimed("other", -70_001, { deleting: true })), undefined);
});

Deno.test("the reaper deletes pods, counts them by reason, and continues after failures", async () => {
  const api = new FakePodApi();
  const pods = ["a", "b", "c"].map((name) => api.add(name, { phase: "Failed" }));
  api.remove("b");
  const { services, delays, metricLines } = fakeServices(api);
  const stop = new AbortController();
  const view = { ...nothing, pods: () => pods };
  const running = runReaper(
    { replica: "me", view, requestTimeoutMs: REQUEST_MS, services },
    stop.signal,
  );
  api.fail("delete", { before: noAnswer(true) });
  await delays.pass();
  assertEquals(api.deleted, []);
  await delays.pass();
  assertEquals(api.deleted, ["a", "c"]);
  assertEquals(
    (await metricLines()).filter((line) => /^face_it_pool_(reaped|delete_failures)/.test(line)),
    ['face_it_pool_reaped_total{reason="ended"} 2', "face_it_pool_delete_failures_total 1"],
  );
  stop.abort();
  await running;
});

Deno.test("a pod that serves is not reaped while the clocks of two API servers differ by a minute", () => {
  for (const skewMs of [-60_000, 60_000]) {
    for (let servedMs = 0; servedMs <= REQUEST_MS; servedMs += 1000) {
      const pod = claimed("other", REQUEST_MS);
      const now = NOW + servedMs + skewMs;
      assertEquals(reapReason(pod, now, "me", REQUEST_MS, nothing), undefined);
    }
  }
});

Deno.test("one check makes few failed deletions, and later ones begin at other pods", async () => {
  const api = new FakePodApi();
  const pods = Array.from({ length: 12 }, (_, i) => api.add(`p${i}`, { phase: "Failed" }));
  const { services, delays } = fakeServices(api);
  let chance = 0;
  const stop = new AbortController();
  const running = runReaper({
    replica: "me",
    view: { ...nothing, pods: () => pods },
    requestTimeoutMs: REQUEST_MS,
    services: { ...services, random: () => chance },
  }, stop.signal);
  for (let i = 0; i < 5; i++) api.fail("delete", { before: new ApiError("delete", 500, "no") });
  await delays.pass();
  assertEquals([api.calls.length, api.deleted], [5, []]);
  chance = 0.5;
  await delays.pass();
  assertEquals(api.deleted.slice(0, 2), ["p6", "p7"]);
  assertEquals(api.deleted.length, 12);
  stop.abort();
  await running;
});
