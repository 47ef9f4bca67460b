import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { createFakeLog } from "../../../shared/fake_log.ts";
import { FakePodApi } from "./api_server/fake_pod_api.ts";
import { EarlyPods } from "./early_pods.ts";
import { FakeReadyClient } from "./fake_ready_client.ts";
import { FakeTime } from "./fake_time.ts";
import type { Pod } from "./pod.ts";

const CLAIMED = { labels: { app: "w", status: "busy" } };

function open(workers = new FakeReadyClient()) {
  const api = new FakePodApi();
  const time = new FakeTime();
  const { log, lines } = createFakeLog();
  /** Names of the pods that have said that they are ready. */
  const ready: string[] = [];
  /** Names of the pods that have said that they no longer are. */
  const over: string[] = [];
  const pods: EarlyPods = new EarlyPods({
    workers,
    workerPort: 8080,
    onChange: (pod) => (pods.has(pod) ? ready : over).push(pod.name),
    services: { log, now: time.now, delay: time.delay },
  });
  const see = (pod: Pod) => {
    pods.see(pod, pod.labels["status"] === "ready");
    return pod;
  };
  const start = (name: string, change: Partial<Pod> = {}) =>
    see(api.add(name, { ready: false, ip: name, ...change }));
  return { workers, time, lines, ready, over, pods, see, start, change: api.change.bind(api) };
}

const ofTemplate = (hash: string) => ({
  app: "w",
  status: "ready",
  "pod-template-hash": hash,
});

Deno.test("a pod with an address is asked until it says that it is ready", async () => {
  const { workers, time, lines, ready, pods, start } = open();
  const pod = start("a");
  assertEquals(workers.asked, ["a"]);
  await time.pass(100);
  assertEquals(workers.asked.length, 3);
  assertEquals(pods.has(pod), false);
  workers.ready.add("a");
  await time.pass(50);
  assertEquals([ready, pods.has(pod)], [["a"], true]);
  assertEquals(lines.map(({ msg, worker }) => [msg, worker]), [["pod says that it is ready", "a"]]);
  await time.pass(10_000);
  assertEquals([ready, workers.asked.length], [["a"], 4 + 5]);
  await pods.close();
});

Deno.test("a pod that has said that it is ready, and then dies, is ready no more until it says so again", async () => {
  const { workers, time, lines, ready, over, pods, start } = open();
  workers.ready.add("a");
  const pod = start("a");
  await time.pass(1000);
  workers.ready.delete("a");
  await time.pass(1000);
  assertEquals([over, pods.has(pod)], [["a"], false]);
  assertEquals(lines.at(-1)?.msg, "pod no longer says that it is ready");
  await time.pass(60_000);
  assertEquals([ready, over], [["a"], ["a"]]);
  workers.ready.add("a");
  await time.pass(2000);
  assertEquals([ready, pods.has(pod)], [["a", "a"], true]);
  await pods.close();
});

Deno.test("a pod of an old template that is ready is asked until it no longer is", async () => {
  const { workers, time, over, pods, start } = open();
  workers.ready.add("a");
  const pod = start("a", { labels: ofTemplate("1"), createdAt: 1 });
  await time.pass(0);
  start("new", { labels: ofTemplate("2"), createdAt: 2, ready: true });
  assert(pods.has(pod));
  workers.ready.delete("a");
  await time.pass(2000);
  assertEquals([over, workers.asked], [["a"], ["a", "a"]]);
  await time.pass(5000);
  assertEquals(workers.asked.length, 2);
});

Deno.test("a version of a pod that is older than the kubelet's report is still ready", async () => {
  const { workers, time, pods, see, start, change } = open();
  workers.ready.add("a");
  start("a");
  await time.pass(0);
  const claimed = see(change("a", CLAIMED));
  see(change("a", { ready: true }));
  assert(pods.has(claimed));
  see(change("a", { ready: false }));
  assert(!pods.has(claimed));
});

Deno.test("a pod is asked more and more seldom, so that its answer is late by a tenth at most", async () => {
  const asked: number[] = [];
  const workers = Object.assign(new FakeReadyClient(), {
    isReady: () => {
      asked.push(time.now());
      return Promise.resolve(false);
    },
  });
  const { time, pods, start } = open(workers);
  start("a");
  await time.pass(60_000);
  asked.slice(1).forEach((at, i) => assert(at - asked[i]! <= Math.max(50, at / 10), `${at}`));
  assertEquals(asked.filter((at) => at > 40_000).length, 10);
  await pods.close();
});

Deno.test("only an unclaimed pod is asked that has an address and has not ended", async () => {
  const { workers, pods, start } = open();
  const changes: Partial<Pod>[] = [
    CLAIMED,
    { ip: undefined },
    { startedAt: undefined },
    { deleting: true },
    { phase: "Failed" },
    { phase: "Succeeded" },
    { phase: "Unknown" },
    { ready: true },
  ];
  changes.forEach((change, i) => start(`no-${i}`, change));
  start("yes", { phase: "Pending" });
  assertEquals(workers.asked, ["yes"]);
  await pods.close();
});

Deno.test("a pod is asked no more when it is claimed, ends, or the kubelet reports that it is ready", async () => {
  const changes: Partial<Pod>[] = [
    CLAIMED,
    { deleting: true },
    { phase: "Failed" },
    { ready: true },
  ];
  for (const change of changes) {
    const { workers, time, pods, see, start, change: changed } = open();
    start("a");
    see(changed("a", change));
    workers.ready.add("a");
    await time.pass(5000);
    assertEquals([workers.asked.length, pods.has(changed("a", {}))], [1, false]);
  }
});

Deno.test("a pod that is gone, and every pod after the end, is asked no more", async () => {
  for (const end of ["forget", "close"] as const) {
    const { workers, time, pods, start } = open();
    const pod = start("a");
    if (end === "forget") pods.forget(pod);
    else await pods.close();
    await time.pass(5000);
    assertEquals(workers.asked, ["a"]);
    if (end === "close") start("b");
    assertEquals(workers.asked, ["a"]);
  }
});

Deno.test("a late answer of a pod that has ended does not count", async () => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const workers = Object.assign(new FakeReadyClient(), { isReady: () => promise });
  const { time, ready, pods, see, start, change } = open(workers);
  start("a");
  const ended = see(change("a", { deleting: true }));
  resolve(true);
  await time.pass(0);
  assertEquals([ready, pods.has(ended)], [[], false]);
});

Deno.test("a pod that gets another address is asked at that one", async () => {
  const { workers, time, pods, see, start, change } = open();
  workers.ready.add("a");
  const first = start("a");
  await time.pass(0);
  assert(pods.has(first));
  const second = see(change("a", { ip: "b" }));
  await time.pass(20);
  assertEquals([workers.asked, pods.has(second)], [["a", "b"], false]);
  const third = see(change("a", { ip: "c" }));
  await time.pass(10);
  assertEquals(workers.asked, ["a", "b", "c"]);
  workers.ready.add("b");
  await time.pass(5000);
  assertEquals(pods.has(third), false);
  await pods.close();
});

Deno.test("after the kubelet has reported that a pod is ready, only the kubelet's report counts", async () => {
  const { workers, time, pods, see, start, change } = open();
  workers.ready.add("a");
  start("a");
  await time.pass(0);
  assert(pods.has(see(change("a", {}))));
  see(change("a", { ready: true }));
  const pod = see(change("a", { ready: false }));
  await time.pass(5000);
  assertEquals([pods.has(pod), workers.asked], [false, ["a"]]);
});

Deno.test("a pod that has said that it is ready stays so when it is claimed", async () => {
  const { workers, time, pods, see, start, change } = open();
  workers.ready.add("a");
  start("a");
  await time.pass(0);
  assert(pods.has(see(change("a", CLAIMED))));
  workers.ready.delete("a");
  await time.pass(5000);
  assert(pods.has(change("a", {})));
  assertEquals(workers.asked, ["a"]);
});

Deno.test("only pods of the template of the newest pod that the kubelet has reported are asked", async () => {
  const { workers, time, pods, start, see, change } = open();
  start("old", { ready: true, labels: ofTemplate("1"), createdAt: 1 });
  start("new-1", { labels: ofTemplate("2"), createdAt: 2 });
  start("new-2", { labels: ofTemplate("2"), createdAt: 3 });
  start("old-2", { labels: ofTemplate("1"), createdAt: 4 });
  await time.pass(1000);
  assertEquals(new Set(workers.asked), new Set(["old-2"]));
  workers.asked.length = 0;
  see(change("new-1", { ready: true }));
  await time.pass(1000);
  assertEquals(new Set(workers.asked), new Set(["new-2"]));
  // An old pod that becomes ready late does not make its template the present one.
  see(change("old", { annotations: {} }));
  workers.asked.length = 0;
  await time.pass(1000);
  assertEquals(new Set(workers.asked), new Set(["new-2"]));
  await pods.close();
});

Deno.test("pods of two templates that were created in the same second use up no turns", async () => {
  const { workers, time, pods, start, see, change } = open();
  for (const hash of ["1", "2"]) {
    start(`reported-${hash}`, { ready: true, labels: ofTemplate(hash), createdAt: 1 });
    start(`starting-${hash}`, { labels: ofTemplate(hash), createdAt: 2 });
  }
  for (let i = 0; i < 100; i++) see(change(`reported-${i % 2 + 1}`, {}));
  start("next", { labels: ofTemplate("1"), createdAt: 3 });
  await time.pass(20);
  assertEquals(workers.asked, ["starting-1", "next"]);
  await pods.close();
});

Deno.test("a replica asks at most 100 times a second, whatever the number of starting pods", async () => {
  const arrivals = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(arrivals, fc.boolean(), async (arrivals, answers) => {
      const times: number[] = [];
      const workers = Object.assign(new FakeReadyClient(), {
        isReady: (url: URL, signal: AbortSignal) => {
          times.push(time.now());
          workers.asked.push(url.hostname);
          // A pod that hangs is asked in vain for a second.
          return answers ? Promise.resolve(false) : time.delay(1000, signal).then(() => false);
        },
      });
      const { time, pods, start } = open(workers);
      arrivals.sort((a, b) => a - b);
      for (const [i, at] of arrivals.entries()) {
        await time.pass(at - time.now());
        start(`${i}.test`);
      }
      await time.pass(5000 - time.now());
      for (let first = 0, last = 0; last < times.length; last++) {
        while (times[last]! - times[first]! >= 1000) first++;
        assert(last - first < 100, `${last - first + 1} questions in a second`);
      }
      assertEquals(new Set(workers.asked).size, arrivals.length);
      await pods.close();
    }),
    { numRuns: 10, endOnFailure: true },
  );
});
