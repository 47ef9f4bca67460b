/** Lists the processes of this machine. */

/** A process as the operating system lists it. */
export interface ListedProcess {
  readonly pid: number;
  /** Process id of the parent. */
  readonly parent: number;
  /** Command line, with arguments. */
  readonly command: string;
}

/** Lists all processes of this machine that have not ended. */
export async function listProcesses(): Promise<ListedProcess[]> {
  const columns = ["pid", "ppid", "stat", "args"].flatMap((column) => ["-o", `${column}=`]);
  const { stdout } = await new Deno.Command("ps", { args: ["-A", "-ww", ...columns] }).output();
  const rows = new TextDecoder().decode(stdout).matchAll(/^ *(\d+) +(\d+) +(\S+) +(.*)$/gm);
  return [...rows]
    // A zombie has ended, but its parent has not read the exit code yet.
    .filter(([, , , stat]) => !stat!.startsWith("Z"))
    .map(([, pid, parent, , command]) => ({
      pid: Number(pid),
      parent: Number(parent),
      command: command!,
    }));
}

/** Lists a process and all its descendants. */
export async function listFamily(pid: number): Promise<ListedProcess[]> {
  const all = await listProcesses();
  const family = all.filter((process) => process.pid === pid);
  // The list grows while it is read.
  for (const { pid } of family) family.push(...all.filter(({ parent }) => parent === pid));
  return family;
}
