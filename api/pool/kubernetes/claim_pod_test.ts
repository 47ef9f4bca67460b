import { assert, assertEquals, assertRejects } from "@std/assert";
import { forever } from "../../../tests/support/forever.ts";
import { tick } from "../../../tests/support/tick.ts";
import { FakePodApi, noAnswer } from "./api_server/fake_pod_api.ts";
import { ApiError, type PatchOperation, type Preconditions } from "./api_server/pod_api.ts";
import { readClaim } from "./claim.ts";
import { type ClaimOutcome, claimPod } from "./claim_pod.ts";
import { fakeServices } from "./fake_cluster.ts";
import type { Pod } from "./pod.ts";

const OWNER = { name: "pool", uid: "owner-uid" };
const LEASE_MS = 1000;

/** Claims a pod at the version that the test has seen. */
function start(api: FakePodApi, pod: Pod, signal = forever()) {
  const { services, ...test } = fakeServices(api);
  const options = { replica: "me", leaseMs: LEASE_MS, services, signal };
  return { ...test, claiming: claimPod(pod, OWNER, options) };
}

Deno.test("a claim that is won has the replica's name and a deadline", async () => {
  const api = new FakePodApi();
  const outcome = await start(api, api.add("pod")).claiming;
  assert(outcome.kind === "won");
  const deadline = api.clock + LEASE_MS;
  assertEquals(readClaim(outcome.pod), { id: "me-1", by: "me", deadline });
});

const REFUSALS: readonly [number, number, ClaimOutcome["kind"]][] = [
  [404, 0, "lost"],
  [409, 0, "lost"],
  [422, 0, "fault"],
  [422, 1, "fault"],
  [400, 0, "fault"],
  [403, 0, "fault"],
  [429, 0, "unreached"],
];
for (const [status, causes, kind] of REFUSALS) {
  const fields = causes === 0 ? "" : " with a wrong field";
  Deno.test(`when the claim of an unchanged pod gets ${status}${fields}, its outcome is ${kind}`, async () => {
    const api = new FakePodApi(), pod = api.add("pod");
    api.fail("patch", { before: new ApiError("claim", status, "no", causes) });
    assertEquals((await start(api, pod).claiming).kind, kind);
    assertEquals(api.deleted, []);
  });
}

Deno.test("a claim of a pod that has changed is lost", async () => {
  const api = new FakePodApi(), pod = api.add("pod");
  api.change("pod", {});
  assertEquals(await start(api, pod).claiming, { kind: "lost", status: 422 });
});

Deno.test("after a claim that never reached the server, the pod is not read", async () => {
  const api = new FakePodApi(), pod = api.add("pod"), error = noAnswer(false);
  api.fail("patch", { before: error });
  assertEquals(await start(api, pod).claiming, { kind: "unreached", error });
  assertEquals(api.calls, ["patch"]);
});

Deno.test("when the answer is lost but the pod has the claim, the claim is won", async () => {
  const api = new FakePodApi(), pod = api.add("pod");
  api.fail("patch", { after: noAnswer(true) });
  const { claiming, lines } = start(api, pod);
  assertEquals(await claiming, { kind: "won", pod: await api.read("pod") });
  assertEquals(lines.map(({ msg, level }) => [msg, level]), [["claim without an answer", "warn"]]);
});

Deno.test("when the answer is lost and the pod has changed or is gone, the claim is lost", async () => {
  const changes = [
    (api: FakePodApi) => api.change("pod", {}),
    (api: FakePodApi) => api.remove("pod"),
    (api: FakePodApi) => api.add("pod", { uid: "another" }),
  ];
  for (const change of changes) {
    const api = new FakePodApi(), pod = api.add("pod");
    api.fail("patch", { before: noAnswer(true) });
    change(api);
    assertEquals((await start(api, pod).claiming).kind, "lost");
    assertEquals(api.deleted, []);
  }
});

Deno.test("when the answer is lost, an unchanged pod is deleted, so that a late claim fails", async () => {
  const api = new FakePodApi(), pod = api.add("pod");
  api.fail("patch", { before: noAnswer(true) });
  const { claiming, measured } = start(api, pod);
  assertEquals((await claiming).kind, "lost");
  assert(await measured('face_it_pool_reaped_total{reason="unknown_claim"} 1'));
  assertEquals(api.deleted, ["pod"]);
});

/** Applies a patch late: not when it is sent, but just before the pod is deleted. */
class LateClaimApi extends FakePodApi {
  #late: (() => Promise<unknown>) | undefined;

  override patch(name: string, operations: readonly PatchOperation[]): Promise<Pod> {
    this.#late = () => super.patch(name, operations);
    return Promise.reject(noAnswer(true));
  }

  override async delete(name: string, preconditions: Preconditions): Promise<void> {
    await this.#late?.();
    await super.delete(name, preconditions);
  }
}

Deno.test("a claim that arrives just before the deletion is won", async () => {
  const api = new LateClaimApi(), pod = api.add("pod");
  const { claiming, delays } = start(api, pod);
  assertEquals((await claiming).kind, "won");
  assertEquals(api.deleted, []);
  assertEquals(delays.asked, []);
});

Deno.test("while the server is unreachable, the search for the outcome continues until the pool closes", async () => {
  const api = new FakePodApi(), pod = api.add("pod");
  api.fail("patch", { before: noAnswer(true) });
  for (let i = 0; i < 3; i++) api.fail("read", { before: noAnswer(true) });
  const stop = new AbortController();
  const { claiming, delays } = start(api, pod, stop.signal);
  await tick();
  await delays.pass();
  assertEquals(delays.asked, [25, 50]);
  const reason = new RangeError("Closing");
  stop.abort(reason);
  assertEquals(await assertRejects(() => claiming, RangeError), reason);
  assertEquals(api.deleted, []);
});
