import { assert, assertEquals, assertRejects } from "@std/assert";
import { forever } from "../../../tests/support/forever.ts";
import { tick } from "../../../tests/support/tick.ts";
import { FakePodApi, noAnswer, type PodApiCall } from "./api_server/fake_pod_api.ts";
import { ApiError, ConnectionError, type PatchOperation } from "./api_server/pod_api.ts";
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

/** Answers to a claim, and the outcome of each: the table of docs/architecture.md. */
interface Row {
  readonly answer: Error;
  /** Outcome when the pod has not changed, has changed, and cannot be read. */
  readonly unchanged: ClaimOutcome["kind"];
  readonly changed: ClaimOutcome["kind"];
  readonly unread: ClaimOutcome["kind"];
  /** Calls for a pod that has not changed. */
  readonly calls: readonly PodApiCall[];
}

const answered = (status: number, causes = 0) => new ApiError("claim", status, "no", causes);
const PATCHED: readonly PodApiCall[] = ["patch"], READ: readonly PodApiCall[] = ["patch", "read"];
const REFUSED = { unchanged: "refused", changed: "refused", unread: "refused" } as const;
const ROWS: readonly Row[] = [
  { answer: noAnswer(false), ...REFUSED, calls: PATCHED },
  { answer: answered(401), ...REFUSED, calls: ["patch", "patch"] },
  ...[400, 403, 405, 413, 415, 429].map((status): Row => ({
    answer: answered(status),
    ...REFUSED,
    calls: PATCHED,
  })),
  { answer: answered(422, 1), ...REFUSED, calls: PATCHED },
  ...[404, 409, 410, 422].map((status): Row => ({
    answer: answered(status),
    unchanged: "refused",
    changed: "lost",
    unread: "lost",
    calls: READ,
  })),
  ...[301, 500, 501, 502, 503, 504].map((status): Row => ({
    answer: answered(status),
    unchanged: "refused",
    changed: "lost",
    unread: "refused",
    calls: READ,
  })),
  {
    answer: noAnswer(true),
    unchanged: "refused",
    changed: "lost",
    unread: "refused",
    calls: ["patch", "read", "patch", "read"],
  },
  {
    answer: new ConnectionError("claim", true, new Error("Too late"), true),
    unchanged: "refused",
    changed: "lost",
    unread: "refused",
    calls: READ,
  },
];

for (const { answer, unchanged, changed, unread, calls } of ROWS) {
  const name = answer instanceof ConnectionError
    ? `no answer (reached: ${answer.reached}, timed out: ${answer.timedOut})`
    : `${(answer as ApiError).status} with ${(answer as ApiError).causes} causes`;

  /** Claims a pod. Every claim gets the answer, before or after the server acts on it. */
  const claimWith = async (
    when: "before" | "after",
    prepare: (api: FakePodApi) => void = () => {},
  ) => {
    const api = new FakePodApi(), pod = api.add("pod");
    for (let i = 0; i < 9; i++) {
      api.fail("patch", when === "before" ? { before: answer } : { after: answer });
    }
    prepare(api);
    const { claiming, delays } = start(api, pod);
    delays.atOnce = true;
    return { api, outcome: await claiming };
  };

  Deno.test(`after ${name}, the claim of an unchanged pod is ${unchanged}, with few calls`, async () => {
    const { api, outcome } = await claimWith("before");
    assertEquals([outcome.kind, api.calls], [unchanged, calls]);
    assertEquals(api.deleted, []);
  });

  Deno.test(`after ${name}, the claim of a changed pod is ${changed}`, async () => {
    for (
      const change of [
        (api: FakePodApi) => api.change("pod", {}),
        (api: FakePodApi) => api.remove("pod"),
        (api: FakePodApi) => api.add("pod", { uid: "another" }),
      ]
    ) {
      const { api, outcome } = await claimWith("before", change);
      assertEquals(outcome.kind, changed);
      assertEquals(api.deleted, []);
    }
  });

  Deno.test(`after ${name}, the claim of a pod that cannot be read is ${unread}`, async () => {
    const { api, outcome } = await claimWith("before", (api) => {
      for (let i = 0; i < 9; i++) api.fail("read", { before: answered(500) });
    });
    assertEquals(outcome.kind, unread);
    assertEquals(api.deleted, []);
    assert(api.calls.length <= 5, String(api.calls));
  });

  if (calls.includes("read")) {
    Deno.test(`after ${name}, a claim that was applied is won`, async () => {
      const { api, outcome } = await claimWith("after");
      assertEquals(outcome, { kind: "won", pod: await api.read("pod") });
      assertEquals(api.claims.length, 1);
    });
  }
}

Deno.test("a claim of a pod that has changed is lost", async () => {
  const api = new FakePodApi(), pod = api.add("pod");
  api.change("pod", {});
  assertEquals(await start(api, pod).claiming, { kind: "lost", status: 422 });
});

Deno.test("a claim without an answer is logged", async () => {
  const api = new FakePodApi(), pod = api.add("pod");
  api.fail("patch", { after: noAnswer(true) });
  const { claiming, lines } = start(api, pod);
  assertEquals((await claiming).kind, "won");
  assertEquals(lines.map(({ msg, level }) => [msg, level]), [["claim without an answer", "warn"]]);
});

Deno.test("after a broken connection, the same claim is sent once more", async () => {
  const api = new FakePodApi(), pod = api.add("pod");
  api.fail("patch", { before: noAnswer(true) });
  const outcome = await start(api, pod).claiming;
  assertEquals(outcome.kind, "won");
  assertEquals(api.calls, ["patch", "read", "patch"]);
  assertEquals(api.claims, [{ uid: pod.uid, id: "me-1" }]);
});

Deno.test("after the credentials are refused, the claim is sent once more", async () => {
  const api = new FakePodApi(), pod = api.add("pod");
  api.fail("patch", { before: answered(401) });
  assertEquals((await start(api, pod).claiming).kind, "won");
});

/** Applies the first patch late: not when it is sent, but just before the second one. */
class LateClaimApi extends FakePodApi {
  #late: readonly PatchOperation[] | undefined;

  override async patch(name: string, operations: readonly PatchOperation[]): Promise<Pod> {
    if (this.#late === undefined) {
      this.#late = operations;
      throw noAnswer(true);
    }
    await super.patch(name, this.#late);
    return await super.patch(name, operations);
  }
}

Deno.test("a claim that arrives late, when it is sent again, is won", async () => {
  const api = new LateClaimApi(), pod = api.add("pod");
  const { claiming, delays } = start(api, pod);
  assertEquals((await claiming).kind, "won");
  assertEquals([api.claims.length, api.deleted, delays.asked], [1, [], []]);
});

Deno.test("the search for the outcome ends when the pool closes", async () => {
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
