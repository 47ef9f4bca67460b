/** Reads the memory and the open files of a process, and limits its open files. */

/** Unit in which Linux tells CPU times. */
const TICK_MS = 10;

/** Returns the bytes of memory that a process has in use (its resident set). */
export async function residentBytes(pid: number): Promise<number> {
  return Number(await run("ps", "-o", "rss=", "-p", String(pid))) * 1024;
}

/** Returns the CPU time that a process has used, in steps of 10 ms. Works on Linux only. */
export async function cpuMs(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The name of the program, in brackets, can have spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Returns the number of files and connections that a process has open. Works on Linux only. */
export async function openFiles(pid: number): Promise<number> {
  return (await run("ls", `/proc/${pid}/fd`)).trimEnd().split("\n").length;
}

/** Sets how many files a running process may have open. Works on Linux only. */
export async function limitOpenFiles(pid: number, files: number): Promise<void> {
  await run("prlimit", "--pid", String(pid), `--nofile=${files}:`);
}

async function run(command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
