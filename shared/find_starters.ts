/** Finds the processes that started this one on a laptop: `deno task`, and npx above it. */

import process from "node:process";

/** Looks up processes of this machine. */
export interface ProcessTable {
  /** Returns the parent and the command line of a process, undefined when there is no such process. */
  lookUp(pid: number): Promise<{ parent: number; command: string } | undefined>;
}

const INIT_PID = 1;
/** Longest chain of starters: deno task, a shell, npm, and one wrapper between them. */
const MAX_CLIMB = 4;

/**
 * Returns the ids of the starters: when one of them ends, this process must end. Returns undefined
 * when a starter has already ended.
 *
 * Without npx, only `deno task` is a starter, because it passes signals on to this process. When
 * the shell that started `deno task` is closed, the service keeps running in the background.
 *
 * With npx, all processes up to npx are starters, because npx does not pass signals on. A signal to
 * npx ends the shell that npx started, but `deno task` keeps running.
 *
 * @param parent Parent of this process
 * @param throughNpx True when npx started the service
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
  // npx was not found among the processes above this one, so only the parent is sure.
  return [parent];
}

/** Looks up the processes of this machine with POSIX ps. */
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
