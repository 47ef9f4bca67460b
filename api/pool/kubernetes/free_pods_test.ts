import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { FreePods } from "./free_pods.ts";
import type { Pod } from "./pod.ts";

const pod = (name: string, version: number, change: Partial<Pod> = {}): Pod => ({
  name,
  uid: name,
  resourceVersion: String(version),
  labels: { app: "w", status: "ready" },
  annotations: {},
  deleting: false,
  phase: "Running",
  ready: true,
  ip: "127.0.0.1",
  createdAt: 0,
  startedAt: 0,
  activeDeadlineSeconds: undefined,
  ...change,
});

function open(
  random = () => 0,
  onFree = (_pod: Pod) => false,
  onChange = () => {},
  said: ReadonlySet<string> = new Set(),
) {
  return new FreePods({
    selector: { app: "w", status: "ready" },
    early: { has: ({ uid }) => said.has(uid), see: () => {}, forget: () => {} },
    random,
    onFree,
    onNotServing: () => {},
    onGone: () => {},
    onChange,
  });
}

Deno.test("a free pod is taken at random", () => {
  for (const [chance, name] of [[0, "a"], [0.5, "b"], [0.99, "c"]] as const) {
    const pods = open(() => chance);
    pods.listed(["a", "b", "c"].map((name) => pod(name, 1)));
    assertEquals(pods.take()?.name, name);
    assertEquals(pods.size, 2);
  }
});

Deno.test("a pod that is taken stays taken when the watch sees it again", () => {
  const pods = open();
  pods.listed([pod("a", 1)]);
  const taken = pods.take()!;
  pods.seen(pod("a", 2));
  pods.listed([pod("a", 3)]);
  assertEquals(pods.take(), undefined);
  pods.release(taken);
  assertEquals(pods.take()?.resourceVersion, "3");
});

Deno.test("giving back a pod that is gone does not add it again", () => {
  const pods = open();
  pods.listed([pod("a", 1), pod("b", 1)]);
  const taken = pods.take()!;
  pods.listed([pod("b", 1)]);
  pods.release(taken);
  assertEquals([...pods.all()].map(({ name }) => name), ["b"]);
  assertEquals(pods.size, 1);
});

Deno.test("a pod that a waiting claim takes is offered only once", () => {
  const given: string[] = [];
  const pods = open(() => 0, ({ name }) => given.push(name) > 0);
  pods.seen(pod("a", 1));
  pods.seen(pod("a", 2));
  assertEquals(given, ["a"]);
  assertEquals(pods.size, 0);
});

Deno.test("a pod is gone, then its claim is lost, then it is seen again: the pod is free", () => {
  const pods = open();
  pods.listed([pod("a", 1)]);
  const taken = pods.take()!;
  pods.gone(taken);
  pods.lose(taken);
  pods.seen(pod("a", 1));
  assertEquals(pods.size, 1);
});

Deno.test("a pod that was lost is free again after a while, or when a list has it at the same version", () => {
  for (const recover of ["forgetLoss", "listed"] as const) {
    const pods = open();
    pods.listed([pod("a", 1)]);
    const taken = pods.take()!;
    pods.lose(taken);
    pods.seen(pod("a", 1));
    assertEquals(pods.size, 0);
    if (recover === "listed") pods.listed([pod("a", 1)]);
    else pods.forgetLoss(taken);
    assertEquals(pods.take()?.name, "a", recover);
  }
});

Deno.test("a later loss at another version is not forgotten with an earlier one", () => {
  const pods = open();
  pods.listed([pod("a", 1)]);
  const first = pods.take()!;
  pods.lose(first);
  pods.seen(pod("a", 2));
  pods.lose(pods.take()!);
  pods.forgetLoss(first);
  assertEquals(pods.size, 0);
});

Deno.test("onChange is called once for each report of the watch", () => {
  let changes = 0;
  const pods = open(() => 0, () => false, () => changes++);
  pods.listed(["a", "b"].map((name) => pod(name, 1)));
  assertEquals(changes, 1);
  pods.seen(pod("c", 2));
  assertEquals(changes, 2);
  pods.gone(pod("c", 3));
  assertEquals(changes, 3);
  pods.listed([pod("a", 1)]);
  assertEquals(changes, 4);
});

Deno.test("a pod that has said itself that it is ready is taken after those whose status says so", () => {
  const said = new Set(["early"]);
  const pods = open(() => 0, () => false, () => {}, said);
  const early = pod("early", 1, { ready: false });
  pods.listed([early, pod("late", 1, { ready: false }), pod("ready", 1)]);
  assertEquals([pods.size, pods.starting], [2, 1]);
  assertEquals([pods.take()?.name, pods.take()?.name, pods.take()], ["ready", "early", undefined]);
  pods.release(early);
  assertEquals(pods.size, 1);
  pods.seen(pod("early", 2));
  said.clear();
  assertEquals(pods.take()?.resourceVersion, "2");
});

Deno.test("a pod that has said itself that it is ready is offered once, and not when it ends", () => {
  const said = new Set(["a"]), offered: string[] = [];
  const pods = open(
    () => 0,
    ({ name }) => {
      offered.push(name);
      return false;
    },
    () => {},
    said,
  );
  const starting = pod("a", 1, { ready: false, phase: "Pending" });
  pods.seen(starting);
  pods.said(starting);
  pods.seen(pod("a", 2));
  assertEquals(offered, ["a"]);
  for (const end of [{ deleting: true }, { phase: "Failed" }, { ip: undefined }]) {
    pods.seen(pod("a", 3, { ready: false, ...end }));
    assertEquals(pods.size, 0);
  }
  pods.gone(pod("a", 4));
  pods.said(starting);
  assertEquals(pods.size, 0);
});

Deno.test("the newest pod is one whose status says that it is ready", () => {
  const pods = open(() => 0, () => false, () => {}, new Set(["new"]));
  pods.listed([pod("old", 1), pod("new", 1, { ready: false, createdAt: 5 })]);
  assertEquals(pods.newest?.name, "old");
});

const names = ["a", "b", "c"];
const steps = fc.array(
  fc.record({
    do: fc.constantFrom(
      ...["see", "start", "say", "claimed", "gone", "relist", "take", "release", "lose"] as const,
    ),
    name: fc.constantFrom(...names),
  }),
  { maxLength: 60 },
);

Deno.test("take gives only pods that are ready, not taken, and not lost at their version", () => {
  fc.assert(fc.property(steps, (steps) => {
    const said = new Set<string>();
    const pods = open(() => 0.5, () => false, () => {}, said);
    const seen = new Map<string, Pod>(), taken = new Map<string, Pod>();
    const lost = new Map<string, string>();
    let version = 0;
    const see = (next: Pod) => {
      seen.set(next.name, next);
      pods.seen(next);
    };
    const forget = (name: string) => [seen, taken, lost, said].forEach((map) => map.delete(name));
    for (const { do: step, name } of steps) {
      version++;
      const current = seen.get(name), mine = taken.get(name);
      if (step === "see") see(pod(name, version));
      if (step === "start") see(pod(name, version, { ready: false }));
      if (step === "say" && current) {
        said.add(name);
        pods.said(current);
      }
      if (step === "claimed") see(pod(name, version, { labels: { app: "w", status: "busy" } }));
      if (step === "gone" && current) {
        forget(name);
        pods.gone(current);
      }
      if (step === "relist") {
        for (const other of seen.keys()) if (other !== name) forget(other);
        lost.clear();
        pods.listed([...seen.values()]);
      }
      if (step === "take") {
        const got = pods.take();
        if (got === undefined) continue;
        assertEquals(got, seen.get(got.name));
        assert(!taken.has(got.name), "the pod was taken already");
        assertEquals(got.labels["status"], "ready");
        assert(got.ready || said.has(got.name), "the pod is not ready");
        assert(lost.get(got.name) !== got.resourceVersion, "the pod was lost at this version");
        taken.set(got.name, got);
      }
      if ((step === "release" || step === "lose") && mine) {
        taken.delete(name);
        if (step === "lose") lost.set(name, mine.resourceVersion);
        pods[step](mine);
      }
      const free = [...seen.values()].filter((pod) =>
        pod.labels["status"] === "ready" && (pod.ready || said.has(pod.name)) &&
        !taken.has(pod.name) &&
        lost.get(pod.name) !== pod.resourceVersion
      );
      assertEquals(pods.size, free.length);
    }
  }));
});
