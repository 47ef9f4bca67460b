import { assertEquals, assertRejects } from "@std/assert";
import { FakeLauncher } from "../shared/pool/process/fake_launcher.ts";
import { tick } from "../tests/support/tick.ts";
import { openFakePod } from "./fake_pod.ts";

Deno.test("every process is offered under its name, and its tokens have the pod's name, too", async () => {
  await using pod = await openFakePod();
  assertEquals(pod.free(), ["worker-1", "worker-2"]);
  assertEquals(pod.processes.find("worker-1")?.name, "pod/worker-1");
  assertEquals(pod.processes.find("pod/worker-1"), undefined);
});

Deno.test("a pod is ready when all its processes have been ready, and stays ready", async () => {
  const launcher = new FakeLauncher();
  await using pod = await openFakePod({ launch: launcher.launch });
  launcher.launches[0]!.ready();
  await tick();
  assertEquals([pod.processes.isReady, pod.free()], [false, ["worker-1"]]);
  launcher.launches[1]!.ready();
  await tick();
  assertEquals(pod.processes.isReady, true);
  const done = pod.processes.take("worker-1")!;
  done(true);
  await tick();
  assertEquals([pod.processes.isReady, pod.free()], [true, ["worker-2"]]);
});

Deno.test("a process serves one request, is killed and replaced", async () => {
  await using pod = await openFakePod();
  const done = pod.processes.take("worker-1")!;
  await tick();
  assertEquals(pod.free(), ["worker-2"]);
  assertEquals(pod.processes.take("worker-1"), undefined);
  assertEquals(pod.launcher.processes[0]!.kills, 0);
  done(true);
  await tick();
  assertEquals(pod.launcher.processes[0]!.kills, 1);
  assertEquals(pod.free(), ["worker-2", "worker-3"]);
  assertEquals(pod.processes.take("worker-1"), undefined);
});

Deno.test("a process serves as many requests as it may, and only one at a time", async () => {
  await using pod = await openFakePod({ requestsPerWorker: 2 });
  const first = pod.processes.take("worker-1")!;
  assertEquals(pod.processes.take("worker-1"), undefined);
  first(true);
  await tick();
  assertEquals(pod.free(), ["worker-1", "worker-2"]);
  pod.processes.take("worker-1")!(true);
  pod.processes.take("worker-2")!(false);
  await tick();
  assertEquals(pod.free(), ["worker-3", "worker-4"]);
});

Deno.test("a process that is ended from outside is killed, also while it serves", async () => {
  await using pod = await openFakePod();
  pod.processes.end("worker-1");
  const done = pod.processes.take("worker-2")!;
  pod.processes.end("worker-2");
  pod.processes.end("worker-9");
  await tick();
  done(false);
  await tick();
  assertEquals(pod.launcher.processes.map(({ kills }) => kills), [1, 1, 0, 0]);
  assertEquals(pod.free(), ["worker-3", "worker-4"]);
});

Deno.test("when a process ends by itself, the pod takes no more requests and ends after the last one", async () => {
  await using pod = await openFakePod();
  const { processes, launcher } = pod;
  const done = processes.take("worker-1")!;
  let ended: string | undefined;
  void processes.ended.then((reason) => ended = reason);
  launcher.processes[1]!.die("SIGSEGV");
  await tick();
  assertEquals([processes.isReady, pod.free(), ended], [false, undefined, undefined]);
  assertEquals(processes.take("worker-3"), undefined);
  // The other request is served to its end.
  assertEquals(launcher.processes[0]!.kills, 0);
  done(true);
  await tick();
  assertEquals(ended, "pod/worker-2 has ended by itself: SIGSEGV");
});

Deno.test("a pod starts no more processes than it serves requests, and then ends", async () => {
  await using pod = await openFakePod({ requestsPerPod: 3 });
  const { processes, launcher } = pod;
  let ended: string | undefined;
  void processes.ended.then((reason) => ended = reason);
  for (const process of ["worker-1", "worker-2"]) {
    processes.take(process)!(true);
    await tick();
  }
  assertEquals([launcher.launches.length, pod.free()], [3, ["worker-3"]]);
  const done = processes.take("worker-3")!;
  await tick();
  assertEquals(ended, undefined);
  done(true);
  await tick();
  assertEquals([ended, pod.free(), launcher.launches.length], ["used", undefined, 3]);
});

Deno.test("a pod is ready when it has as many processes as it can use", async () => {
  for (const limits of [{ requestsPerPod: 1 }, { requestsPerPod: 100, requestsPerWorker: 100 }]) {
    await using pod = await openFakePod(limits);
    assertEquals(pod.launcher.launches.length, 1);
    assertEquals([pod.processes.isReady, pod.free()], [true, ["worker-1"]]);
  }
});

Deno.test("few processes start at the same time", async () => {
  const launcher = new FakeLauncher();
  await using pod = await openFakePod({ launch: launcher.launch, size: 5, startsAtOnce: 2 });
  for (const [ready, launches] of [[0, 2], [1, 3], [2, 4], [3, 5], [4, 5], [5, 5]] as const) {
    if (ready > 0) launcher.launches[ready - 1]!.ready();
    await tick();
    assertEquals([launcher.launches.length, pod.free()?.length], [launches, ready]);
  }
  assertEquals(pod.processes.isReady, true);
});

Deno.test("closing while processes wait for their start starts none of them", async () => {
  const launcher = new FakeLauncher();
  const pod = await openFakePod({ launch: launcher.launch, size: 5, startsAtOnce: 2 });
  await pod[Symbol.asyncDispose]();
  assertEquals(launcher.launches.length, 2);
});

Deno.test("when the first process cannot start, the reason is told", async () => {
  const launcher = new FakeLauncher();
  await using pod = await openFakePod({ launch: launcher.launch });
  const failed = assertRejects(() => pod.processes.started, Error, "no model");
  for (const launch of launcher.launches) launch.fail(new Error("no model"));
  await failed;
});

Deno.test("closing kills all processes", async () => {
  const { processes, launcher } = await openFakePod();
  processes.take("worker-1");
  await processes[Symbol.asyncDispose]();
  assertEquals(launcher.processes.map(({ kills }) => kills > 0), [true, true]);
});
