/** Finds the processes that started this one on a laptop: `deno task`, and npx above it. */

import process from "node:process";

/** Looks up processes of this machine. */
export interface ProcessTable {
  /** Returns the parent and the command line of a process, undefined when there is no such process. */
  lookUp(pid: number): Promise<{ parent: number; command: string } | undefined>;
}

const INIT_PID = 1;
/** deno task, a shell, npm, and one wrapper in between. */
const MAX_CLIMB = 4;

/**
 * Returns the ids of the processes whose end must end this one, undefined when one has ended
 * already.
 *
 * `deno task` passes signals on, so it is the only starter: the shell above it may be closed while
 * the service keeps running in the background. npx does not pass them on: a signal to npx ends its
 * shell and leaves `deno task` running. Behind npx, all processes up to npx are starters.
 *
 * @param parent Parent of this process
 * @param throughNpx True when npx is above it
 */
export async function findStarters(
  parent: number,
  throughNpx: boolean,
  table: ProcessTable,
): Promise<readonly number[] | undefined> {
  const pids: number[] = [];
  let pid = parent;
  for (let i = 0; i < MAX_CLIMB; i++) {
    if (pid <= INIT_PID) return undefined;
    pids.push(pid);
    if (!throughNpx) return pids;
    const entry = await table.lookUp(pid);
    if (entry === undefined) return undefined;
    if (/\bnp[mx]\b/.test(entry.command)) return pids;
    pid = entry.parent;
  }
  // npx is not where it was expected: the processes above the parent are unknown.
  return [parent];
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

/** Returns true when a process with that id exists. */
export function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Every error but "no such process" means that the process exists.
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
