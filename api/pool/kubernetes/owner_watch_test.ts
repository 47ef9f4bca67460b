import { assertEquals } from "@std/assert";
import { tick } from "../../../tests/support/tick.ts";
import { FakePodApi, noAnswer } from "./api_server/fake_pod_api.ts";
import { ApiError } from "./api_server/pod_api.ts";
import { fakeServices } from "./fake_cluster.ts";
import { watchOwner } from "./owner_watch.ts";

/** Watches the owner, and records the uids without repetitions. */
async function follow(prepare: (api: FakePodApi) => void = () => {}) {
  const api = new FakePodApi();
  prepare(api);
  const { services, delays, lines } = fakeServices(api);
  const stop = new AbortController();
  const told: (string | undefined)[] = [];
  const onOwner = (uid: string | undefined) => {
    if (told.length === 0 || told.at(-1) !== uid) told.push(uid);
  };
  const watching = watchOwner({ onOwner, services }, stop.signal);
  await tick();
  const end = async () => {
    stop.abort();
    await watching;
  };
  return { api, told, delays, lines, end };
}

Deno.test("each new uid of the owner is reported immediately", async () => {
  const { api, told, delays, lines, end } = await follow();
  api.owner = undefined;
  api.owner = "another";
  assertEquals(told, ["owner-uid", undefined, "another"]);
  assertEquals(delays.asked, []);
  assertEquals(lines, []);
  await end();
});

Deno.test("an owner that is missing at the start is reported, and also when it appears", async () => {
  const { api, told, end } = await follow((api) => api.owner = undefined);
  api.owner = "late";
  assertEquals(told, [undefined, "late"]);
  await end();
});

for (const error of [undefined, noAnswer(true), new ApiError("owner", 403, "no")]) {
  Deno.test(`after a watch has ended, the owner is read again: ${error?.message ?? "normal end"}`, async () => {
    const { api, told, delays, lines, end } = await follow();
    api.cutOwner(error);
    await tick();
    api.owner = "another";
    await delays.pass();
    assertEquals(told, ["owner-uid", "another"]);
    assertEquals(lines.length, error === undefined ? 0 : 1);
    await end();
  });
}
