import { assertEquals, assertRejects } from "@std/assert";
import { claimPatch } from "./claim.ts";
import { FakeDelays, settle } from "./fake_delays.ts";
import { FakePodApi, noAnswer } from "./api_server/fake_pod_api.ts";
import type { Pod } from "./pod.ts";
import type { Preconditions } from "./api_server/pod_api.ts";
import { settleClaim } from "./settle.ts";

const OWNER = { name: "pool", uid: "owner-uid" };

const patchOf = (api: FakePodApi, pod: Pod) =>
  claimPatch(pod, { id: "mine", by: "me", deadline: api.clock + 1000 }, OWNER, api.clock);

function begin(api: FakePodApi, pod: Pod) {
  const delays = new FakeDelays(), stop = new AbortController();
  let destroyed = 0;
  const settling = settleClaim(pod, "mine", {
    api,
    onDestroyed: () => destroyed++,
    random: () => 0,
    delay: delays.delay,
    signal: stop.signal,
  });
  return { settling, delays, stop, destroyed: () => destroyed };
}

Deno.test("a pod that bears the claim is won", async () => {
  const api = new FakePodApi(), pod = api.add("pod");
  const claimed = await api.patch("pod", patchOf(api, pod));
  assertEquals(await begin(api, pod).settling, { kind: "won", pod: claimed });
});

Deno.test("a pod that moved on, or is gone, is lost, and not touched", async () => {
  const api = new FakePodApi(), pod = api.add("pod");
  api.change("pod", {});
  assertEquals((await begin(api, pod).settling).kind, "lost");
  api.remove("pod");
  assertEquals((await begin(api, pod).settling).kind, "lost");
  api.add("pod", { uid: "another" });
  assertEquals((await begin(api, pod).settling).kind, "lost");
  assertEquals(api.deleted, []);
});

Deno.test("a pod as it was is destroyed, so that a late claim finds nothing", async () => {
  const api = new FakePodApi(), pod = api.add("pod");
  const { settling, destroyed } = begin(api, pod);
  assertEquals((await settling).kind, "lost");
  assertEquals(destroyed(), 1);
  assertEquals(api.deleted, ["pod"]);
});

/** Applies a late claim in the moment between the look at a pod and its deletion. */
class LateClaimApi extends FakePodApi {
  late: (() => Promise<unknown>) | undefined;

  override async delete(name: string, preconditions: Preconditions): Promise<void> {
    await this.late?.();
    await super.delete(name, preconditions);
  }
}

Deno.test("a claim that arrives just before the deletion is won", async () => {
  const api = new LateClaimApi(), pod = api.add("pod");
  api.late = () => api.patch("pod", patchOf(api, pod));
  const { settling, delays } = begin(api, pod);
  assertEquals((await settling).kind, "won");
  assertEquals(api.deleted, []);
  assertEquals(delays.asked, []);
});

Deno.test("while the server cannot be asked nothing is certain, until the pool closes", async () => {
  const api = new FakePodApi(), pod = api.add("pod");
  for (let i = 0; i < 3; i++) api.fail("read", { before: noAnswer(true) });
  const { settling, delays, stop } = begin(api, pod);
  await settle();
  await delays.pass();
  assertEquals(delays.asked, [25, 50]);
  const reason = new RangeError("Closing");
  stop.abort(reason);
  assertEquals(await assertRejects(() => settling, RangeError), reason);
  assertEquals(api.deleted, []);
});
