/** Notices that whoever started the service on a laptop is gone, so that the service ends, too. */

import process from "node:process";

/** Who started this process: `deno task`, and through npx the shell and the npm above it. */
export interface Starters {
  /** Their process ids; none of them has ended yet. */
  readonly pids: readonly number[];
}

/** What {@linkcode findStarters} needs from outside. */
export interface ProcessTable {
  /** The parent and the command line of a process, undefined when there is none. */
  lookUp(pid: number): Promise<{ parent: number; command: string } | undefined>;
}

const INIT_PID = 1;
/** deno task, a shell, npm; one more for a wrapper in between. */
const MAX_CLIMB = 4;

/**
 * Finds who started this process. A `deno task` passes signals on and is watched alone: the shell
 * above it may be closed while the service goes on in the background. npx is not so kind: a signal
 * to it ends the shell that it runs and leaves everything below alive, so all up to it are watched.
 *
 * @param parent This process's parent
 * @param throughNpx Whether npx is above it
 * @param table Where processes are looked up
 * @returns undefined when one of them is gone already
 */
export async function findStarters(
  parent: number,
  throughNpx: boolean,
  table: ProcessTable,
): Promise<Starters | undefined> {
  const pids: number[] = [];
  let pid = parent;
  for (let i = 0; i < MAX_CLIMB; i++) {
    if (pid <= INIT_PID) return undefined;
    pids.push(pid);
    if (!throughNpx) return { pids };
    const entry = await table.lookUp(pid);
    if (entry === undefined) return undefined;
    if (/\bnp[mx]\b/.test(entry.command)) return { pids };
    pid = entry.parent;
  }
  // No npx where it should be: something unknown is in between, and nothing above it is ours.
  return { pids: [parent] };
}

/** The processes of this machine, by POSIX ps. */
export const PROCESS_TABLE: ProcessTable = {
  async lookUp(pid) {
    const { stdout } = await new Deno.Command("ps", {
      args: ["-o", "ppid=,args=", "-p", String(pid)],
      env: { PATH: "/usr/bin:/bin" },
      stderr: "null",
    }).output();
    const match = /^\s*(\d+)\s+(.*)/.exec(new TextDecoder().decode(stdout));
    return match === null ? undefined : { parent: Number(match[1]), command: match[2]! };
  },
};

/** Whether a process exists. */
export function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Anything but "no such process" says that there is one.
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
