import { assert, assertEquals } from "@std/assert";
import { tick } from "../../../tests/support/tick.ts";
import { FakePodApi, noAnswer } from "./api_server/fake_pod_api.ts";
import { ApiError } from "./api_server/pod_api.ts";
import { Deletions } from "./deletions.ts";
import { fakeServices } from "./fake_cluster.ts";

function setUp() {
  const api = new FakePodApi(), pod = api.add("pod");
  const { services, ...test } = fakeServices(api);
  return { api, pod, deletions: new Deletions(services, ({ name }) => api.has(name)), ...test };
}

Deno.test("a pod is deleted in the background, and `ended` waits for the deletion", async () => {
  const { api, pod, deletions } = setUp();
  const answer = api.stall("delete");
  let ended = false;
  deletions.start(pod);
  const waiting = deletions.ended().then(() => ended = true);
  await tick();
  assertEquals([ended, api.deleted], [false, []]);
  answer();
  await waiting;
  assertEquals(api.deleted, ["pod"]);
});

for (const status of [404, 409]) {
  Deno.test(`the deletion of a pod that is already gone is not a failure: ${status}`, async () => {
    const { api, pod, deletions, lines, measured } = setUp();
    api.fail("delete", { before: new ApiError("delete", status, "no") });
    deletions.start(pod);
    await deletions.ended();
    assertEquals(deletions.hasFailed(pod), false);
    assertEquals(lines, []);
    assert(await measured("face_it_pool_delete_failures_total 0"));
  });
}

for (const error of [noAnswer(true), new ApiError("delete", 403, "no")]) {
  Deno.test(`a failure is logged, counted and remembered: ${error.message}`, async () => {
    const { api, pod, deletions, lines, measured } = setUp();
    api.fail("delete", { before: error });
    deletions.start(pod);
    await deletions.ended();
    assert(deletions.hasFailed(pod));
    assertEquals(lines.map(({ msg, worker }) => [msg, worker]), [["worker not deleted", "pod"]]);
    assert(await measured("face_it_pool_delete_failures_total 1"));
    deletions.forget(pod);
    assertEquals(deletions.hasFailed(pod), false);
  });
}

Deno.test("a failed deletion is not remembered when the pod is already gone", async () => {
  const { api, pod, deletions } = setUp();
  const answer = api.stall("delete");
  api.fail("delete", { before: noAnswer(true) });
  deletions.start(pod);
  api.remove("pod");
  deletions.forget(pod);
  answer();
  await deletions.ended();
  assertEquals(deletions.hasFailed(pod), false);
});
