/** A supervisor with fake processes, for tests. */

import { createFakeLog, type FakeLog } from "../shared/fake_log.ts";
import { FakeLauncher } from "../shared/pool/process/fake_launcher.ts";
import { tick } from "../tests/support/tick.ts";
import { PodProcesses, type PodProcessesOptions } from "./pod_processes.ts";

/** Processes of a pod that is called "pod", and the parts that a test observes or changes. */
export interface FakePod extends AsyncDisposable {
  readonly processes: PodProcesses;
  readonly launcher: FakeLauncher;
  readonly lines: FakeLog["lines"];
  /** Names of the free processes, as they were told last; undefined when no more will be told. */
  readonly free: () => readonly string[] | undefined;
}

/**
 * Starts two processes, and follows their changes.
 *
 * @param url Address at which all processes listen
 */
export async function openFakePod(
  options: Partial<PodProcessesOptions> = {},
  url = new URL("http://process.test:8080"),
): Promise<FakePod> {
  const launcher = new FakeLauncher();
  launcher.instant = true;
  const { log, lines } = createFakeLog();
  const processes = new PodProcesses({
    pod: "pod",
    size: 2,
    requestsPerWorker: 1,
    requestsPerPod: 100,
    startsAtOnce: 2,
    launch: async (...args) => Object.assign(await launcher.launch(...args), { url }),
    log,
    now: () => 0,
    random: () => 0,
    ...options,
  });
  let free: readonly string[] | undefined = [];
  const stop = new AbortController();
  const following = (async () => {
    for await (const names of processes.changes(stop.signal)) free = names;
    free = undefined;
  })();
  await tick();
  return {
    processes,
    launcher,
    lines,
    free: () => free,
    async [Symbol.asyncDispose]() {
      await processes[Symbol.asyncDispose]();
      stop.abort();
      await following;
    },
  };
}
