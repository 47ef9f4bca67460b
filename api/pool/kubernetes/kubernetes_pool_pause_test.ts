import { assert, assertEquals, assertRejects } from "@std/assert";
import { forever } from "../../../tests/support/forever.ts";
import { tick } from "../../../tests/support/tick.ts";
import { NoWorkerAvailable } from "../../../shared/pool/pool.ts";
import { FakePodApi, type PodApiCall } from "./api_server/fake_pod_api.ts";
import { ApiError } from "./api_server/pod_api.ts";
import { end, openFakeCluster } from "./fake_cluster.ts";

/** An API server that answers every claim with an error while `broken` is set. */
class BrokenApi extends FakePodApi {
  broken: ApiError | undefined = new ApiError("claim", 500, "failed calling webhook");

  override patch(...args: Parameters<FakePodApi["patch"]>) {
    if (this.broken !== undefined) this.fail("patch", { before: this.broken });
    return super.patch(...args);
  }

  count(call: PodApiCall): number {
    return this.calls.filter((other) => other === call).length;
  }
}

async function openBroken(pods: number, queueLimit = 64) {
  const api = new BrokenApi();
  const cluster = await openFakeCluster({ pods, api, queueLimit });
  const { pool } = cluster;
  /** Claims a worker, and returns the refusal. */
  const refused = () => assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  return { cluster, ...cluster, api, refused };
}

Deno.test("a hundred requests to an API server that refuses claims send few calls and delete no pod", async () => {
  const { cluster, api, pool, delays, refused } = await openBroken(61, 20);
  await using _ = cluster;
  const refusals: Promise<NoWorkerAvailable>[] = [];
  for (let i = 0; i < 100; i++) {
    refusals.push(refused());
    await tick();
  }
  // During the first pause requests wait. The one that is sent after it fails, and all are refused.
  await delays.pass();
  for (const { retryAfterSeconds } of await Promise.all(refusals)) assert(retryAfterSeconds! >= 1);
  assertEquals([api.count("patch"), api.count("read"), api.count("delete")], [2, 2, 0]);
  assertEquals(pool.stats(), { free: 61, busy: 0, starting: 0, waiters: 0, warmed: true });
});

Deno.test("a hundred requests at the same moment send one claim for each free pod, and then one at a time", async () => {
  const { cluster, api, delays, refused } = await openBroken(3, 200);
  await using _ = cluster;
  const refusals = Array.from({ length: 100 }, refused);
  await tick();
  assertEquals(api.count("patch"), 3);
  await delays.pass();
  await Promise.all(refusals);
  assertEquals([api.count("patch"), api.count("read"), api.count("delete")], [4, 4, 0]);
});

Deno.test("the pauses grow to two seconds, and after each of them one request is sent alone", async () => {
  const { cluster, api, delays, refused } = await openBroken(2);
  await using _ = cluster;
  await refused();
  const pauses = [delays.asked.at(-1)];
  for (let i = 0; i < 5; i++) {
    await delays.pass();
    const before = api.count("patch");
    await Promise.all([refused(), refused(), refused()]);
    assertEquals(api.count("patch"), before + 1);
    await refused();
    assertEquals(api.count("patch"), before + 1);
    pauses.push(delays.asked.filter((ms) => ms < 1000 || ms === 1000).at(-1));
  }
  // The random part of each wait is 0 here: half of the full wait.
  assertEquals(pauses, [125, 250, 500, 1000, 1000, 1000]);
});

Deno.test("the first request after the end of the fault is served, and so are the requests that wait after it", async () => {
  const { cluster, api, pool, delays, lines, refused } = await openBroken(3);
  await using _ = cluster;
  await refused();
  await delays.pass();
  await refused();
  api.broken = undefined;
  await delays.pass();
  const answer = api.stall("patch");
  const claims = [1, 2, 3].map(() => pool.claim(forever()));
  await tick();
  assertEquals(pool.stats().waiters, 2);
  answer();
  for (const lease of await Promise.all(claims)) await end(lease);
  assertEquals(lines.map(({ level, msg }) => [level, msg]), [
    ["error", "claims are not accepted"],
    ["info", "claims are accepted again"],
  ]);
  assert(String(lines[0]!["error"]).includes("failed calling webhook"));
});

Deno.test("after one short fault, the requests that wait are served when the pause ends", async () => {
  const { cluster, api, pool, delays, refused } = await openBroken(2);
  await using _ = cluster;
  await refused();
  const claims = [pool.claim(forever()), pool.claim(forever())];
  await tick();
  assertEquals(pool.stats().waiters, 2);
  api.broken = undefined;
  await delays.pass();
  assertEquals((await Promise.all(claims)).map(({ worker }) => worker.name).sort(), [
    "pod-1",
    "pod-2",
  ]);
  for (const claim of claims) await end(await claim);
});

Deno.test("a pause is at least as long as the API server's Retry-After, up to 10 s", async () => {
  for (const [retryAfterMs, pauseMs] of [[3000, 3000], [3_600_000, 10_000]] as const) {
    const { cluster, api, delays, refused } = await openBroken(1);
    await using _ = cluster;
    api.broken = new ApiError("claim", 429, "slow down", 0, retryAfterMs);
    const { retryAfterSeconds } = await refused();
    assertEquals(delays.asked.at(-1), pauseMs);
    assert(retryAfterSeconds! >= pauseMs / 1000);
  }
});

Deno.test("a request that ends while it waits for the pause does not delay the next one", async () => {
  const { cluster, api, pool, delays, refused } = await openBroken(1);
  await using _ = cluster;
  await refused();
  const gone = new AbortController(), reason = new RangeError("No patience left");
  const impatient = assertRejects(() => pool.claim(gone.signal), RangeError);
  const patient = pool.claim(forever());
  await tick();
  api.broken = undefined;
  const passed = delays.pass();
  gone.abort(reason);
  await passed;
  await impatient;
  await using lease = await patient;
  assertEquals(lease.worker.name, "pod-1");
});

Deno.test("the end of a pause that a success has ended before does not end the next pause", async () => {
  const { cluster, api, pool, delays, refused } = await openBroken(3);
  await using _ = cluster;
  api.broken = undefined;
  const succeed = api.stall("patch");
  const won = pool.claim(forever());
  await tick();
  const fail = api.stall("patch");
  api.broken = new ApiError("claim", 429, "slow down", 0, 3000);
  const lost = refused();
  await tick();
  fail();
  await lost;
  succeed();
  await end(await won);
  api.broken = new ApiError("claim", 500, "oops");
  await refused();
  assertEquals(delays.asked.filter((ms) => ms === 3000 || ms === 125), [3000, 125]);

  api.broken = undefined;
  const next = pool.claim(forever());
  await tick();
  const before = api.count("patch");
  await delays.pass(3000);
  assertEquals([api.count("patch") - before, pool.stats().waiters], [0, 1]);
  await delays.pass(125);
  await end(await next);
});

Deno.test("during a pause, kept workers serve", async () => {
  const api = new BrokenApi();
  api.broken = undefined;
  await using cluster = await openFakeCluster({ pods: 2, api, requestsPerWorker: 5 });
  const { pool } = cluster;
  const [first, second] = [await pool.claim(forever()), await pool.claim(forever())];
  first.keep();
  await end(first);
  api.broken = new ApiError("claim", 500, "oops");
  api.add("pod-3");
  const again = await pool.claim(forever());
  assertEquals(again.worker.name, first.worker.name);
  await assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
  again.keep();
  await end(again);
  await using third = await pool.claim(forever());
  assertEquals(third.worker.name, first.worker.name);
  await end(second);
});
