import { assert, assertEquals } from "@std/assert";
import { createApiMetrics } from "./metrics.ts";

async function lines(metrics: ReturnType<typeof createApiMetrics>): Promise<string[]> {
  return (await metrics.text()).split("\n");
}

Deno.test("the first scrape has every metric, with its type", async () => {
  const metrics = createApiMetrics();
  metrics.observePool(() => ({ free: 0, busy: 0, waiters: 0 }));
  const types = (await lines(metrics)).filter((line) => line.startsWith("# TYPE "));
  assertEquals(types.map((line) => line.slice("# TYPE ".length)).sort(), [
    "face_it_authenticate_seconds histogram",
    "face_it_face_faults_total counter",
    "face_it_gallery_call_seconds histogram",
    "face_it_liveness_score histogram",
    "face_it_pool_api_failures_total counter",
    "face_it_pool_busy gauge",
    "face_it_pool_claim_seconds histogram",
    "face_it_pool_delete_failures_total counter",
    "face_it_pool_free gauge",
    "face_it_pool_lost_claims_total counter",
    "face_it_pool_reaped_total counter",
    "face_it_pool_shed_total counter",
    "face_it_pool_wait_seconds histogram",
    "face_it_pool_waiters gauge",
    "face_it_pool_watch_restarts_total counter",
    "face_it_worker_answers_total counter",
  ]);
});

Deno.test("docs/http.md names every metric", async () => {
  const metrics = createApiMetrics();
  metrics.observePool(() => ({ free: 0, busy: 0, waiters: 0 }));
  const names = (await metrics.text()).matchAll(/^# TYPE (\w+) /gm);
  const docs = await Deno.readTextFile("docs/http.md");
  for (const [, name] of names) assert(docs.includes(`\`${name}`), name);
});

Deno.test("the gauges are read on each scrape", async () => {
  const metrics = createApiMetrics();
  const stats = { free: 4, busy: 0, waiters: 0 };
  metrics.observePool(() => stats);
  assert((await lines(metrics)).includes("face_it_pool_free 4"));
  Object.assign(stats, { free: 1, busy: 3, waiters: 2 });
  const now = await lines(metrics);
  for (const line of ["face_it_pool_free 1", "face_it_pool_busy 3", "face_it_pool_waiters 2"]) {
    assert(now.includes(line), line);
  }
});

Deno.test("each event changes its own metric", async () => {
  const metrics = createApiMetrics();
  metrics.pool.claimSeconds(0.006);
  metrics.pool.waitSeconds(1.5);
  metrics.pool.lostClaim("409");
  metrics.pool.lostClaim("409");
  metrics.pool.shed();
  metrics.pool.reaped("died_idle");
  metrics.pool.watchRestart();
  metrics.pool.deleteFailure();
  metrics.authenticated("matched", 0.031);
  metrics.observedLiveness(0.2);
  metrics.faceFault("not_live");
  const text = await lines(metrics);
  for (
    const line of [
      "face_it_pool_claim_seconds_sum 0.006",
      'face_it_pool_claim_seconds_bucket{le="0.005"} 0',
      'face_it_pool_claim_seconds_bucket{le="0.01"} 1',
      "face_it_pool_wait_seconds_sum 1.5",
      'face_it_pool_lost_claims_total{code="409"} 2',
      "face_it_pool_shed_total 1",
      'face_it_pool_reaped_total{reason="died_idle"} 1',
      "face_it_pool_watch_restarts_total 1",
      "face_it_pool_delete_failures_total 1",
      'face_it_liveness_score_bucket{le="0.19"} 0',
      'face_it_liveness_score_bucket{le="0.3"} 1',
      'face_it_face_faults_total{fault="not_live"} 1',
      'face_it_authenticate_seconds_count{outcome="matched"} 1',
      'face_it_authenticate_seconds_sum{outcome="matched"} 0.031',
    ]
  ) {
    assert(text.includes(line), line);
  }
});

Deno.test("two apps have separate metrics", async () => {
  const one = createApiMetrics(), other = createApiMetrics();
  one.pool.shed();
  assert((await lines(other)).includes("face_it_pool_shed_total 0"));
});
