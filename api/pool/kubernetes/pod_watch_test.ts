import { assert, assertEquals } from "@std/assert";
import { tick } from "../../../tests/support/tick.ts";
import { FakePodApi, noAnswer } from "./api_server/fake_pod_api.ts";
import { ApiError } from "./api_server/pod_api.ts";
import { fakeServices } from "./fake_cluster.ts";
import type { Pod } from "./pod.ts";
import { watchPods } from "./pod_watch.ts";

/** Watches an API server with two pods, and records the events. */
async function follow(prepare: (api: FakePodApi) => void = () => {}) {
  const api = new FakePodApi();
  api.add("a");
  api.add("b");
  prepare(api);
  const { services, delays, lines } = fakeServices(api);
  const stop = new AbortController();
  const told: string[] = [];
  let restarts = 0;
  const names = (pods: readonly Pod[]) => pods.map(({ name }) => name).join(" ");
  const watching = watchPods({
    observer: {
      listed: (pods) => told.push(`listed ${names(pods)}`),
      seen: ({ name }) => told.push(`seen ${name}`),
      gone: ({ name }) => told.push(`gone ${name}`),
    },
    services: {
      ...services,
      metrics: { ...services.metrics, watchRestart: () => restarts++ },
      random: () => 1,
    },
  }, stop.signal);
  await tick();
  const end = async () => {
    stop.abort();
    await watching;
  };
  /** Returns the events since the last call. */
  const news = () => told.splice(0);
  return { api, delays, lines, news, end, restarts: () => restarts };
}

Deno.test("the pods are listed, then the watch reports changes", async () => {
  const { api, news, end } = await follow();
  assertEquals(news(), ["listed a b"]);
  api.add("c");
  api.remove("a");
  assertEquals(news(), ["seen c", "gone a"]);
  await end();
});

Deno.test("the next watch starts at the last version seen", async () => {
  const { api, news, end, delays, lines, restarts } = await follow();
  news();
  api.add("c");
  const { resourceVersion } = await api.read("c");
  api.cut();
  await tick();
  await delays.pass();
  assertEquals(news(), ["seen c"]);
  assertEquals(api.watchedFrom.at(-1), resourceVersion);
  assertEquals(restarts(), 0);
  assertEquals(lines, []);
  await end();
});

for (const status of [410, 400, 500, 504]) {
  Deno.test(`after the server ends a watch with ${status}, the pods are listed again`, async () => {
    const { api, news, end, delays } = await follow();
    news();
    api.cut(new ApiError("watch", status, "no"));
    api.remove("b");
    await tick();
    await delays.pass();
    assertEquals(news().slice(-1), ["listed a"]);
    await end();
  });
}

Deno.test("the wait grows after each failure until an event arrives, and failures are logged", async () => {
  const { api, end, delays, lines, restarts } = await follow((api) => {
    for (let i = 0; i < 3; i++) api.fail("list", { before: noAnswer(false) });
  });
  for (let i = 0; i < 3; i++) await delays.pass();
  assertEquals(delays.asked, [100, 200, 400]);
  assertEquals(lines.filter(({ msg }) => msg === "watch of the pods failed").length, 3);
  assert(lines.some(({ msg }) => msg === "pods are watched again"));
  assertEquals(restarts(), 3);
  api.cut(noAnswer(true));
  await tick();
  assertEquals(delays.asked.at(-1), 800);
  await delays.pass();
  api.add("c");
  api.cut(noAnswer(true));
  await tick();
  assertEquals(delays.asked.at(-1), 100);
  await end();
});

Deno.test("the wait also grows when a watch fails before it opens", async () => {
  const { api, end, delays } = await follow((api) => {
    for (let i = 0; i < 3; i++) api.fail("watch", { before: new ApiError("watch", 403, "no") });
  });
  for (let i = 0; i < 3; i++) await delays.pass();
  assertEquals(delays.asked, [100, 200, 400]);
  assertEquals(api.calls.filter((call) => call === "list").length, 4);
  await end();
});

Deno.test("after several failures that are no answers, the pods are listed again", async () => {
  const { api, end, delays } = await follow();
  const lists = () => api.calls.filter((call) => call === "list").length;
  for (let i = 1; i <= 5; i++) {
    assertEquals(lists(), 1);
    api.cut(noAnswer(true));
    await tick();
    await delays.pass();
  }
  assertEquals(lists(), 2);
  await end();
  assertEquals(api.watchers, 0);
});
