/** Reads which sockets and files the processes of a program open, from the output of strace. */

import { isAbsolute, join } from "node:path";

/** Settings of {@linkcode straceCommand}. */
export interface StraceOptions {
  /** True when every call of `socket` must fail: nothing can leave the machine. */
  readonly refuseSockets?: boolean;
}

/** Calls of one process. */
export interface TracedProcess {
  /** The command line, as strace prints it. */
  readonly command: string;
  /** The arguments of each `socket`, such as `AF_INET, SOCK_DGRAM, IPPROTO_IP`. */
  readonly sockets: string[];
  /** The destination of each connection and of each packet. */
  readonly destinations: string[];
  /** Path of each file or folder that was opened for writing, made, renamed, changed or removed. */
  readonly writes: string[];
}

const PROCESS_CALLS = ["clone", "clone3", "fork", "vfork", "execve"];
const NETWORK_CALLS = ["socket", "connect", "sendto", "sendmsg", "sendmmsg"];
const OPEN_CALLS = ["open", "openat", "openat2"];
/** The first argument that is a text is the path. */
const CHANGE_CALLS = [
  ...["creat", "mkdir", "mkdirat", "mknod", "mknodat", "rename", "renameat", "renameat2"],
  ...["unlink", "unlinkat", "rmdir", "link", "linkat", "symlink", "symlinkat", "truncate"],
  ...["chmod", "fchmodat", "chown", "lchown", "fchownat", "utimensat"],
];
const OPENED_FOR_WRITING = /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE/;

/**
 * Returns the start of a command line: the rest is the program to trace. The program keeps its
 * process id, its streams and its signals.
 *
 * @param output Path of the file that strace writes
 */
export function straceCommand(output: string, { refuseSockets }: StraceOptions = {}): string[] {
  const calls = [...PROCESS_CALLS, ...NETWORK_CALLS, ...OPEN_CALLS, ...CHANGE_CALLS];
  return [
    "strace",
    ...["--daemonize", "--follow-forks", "--decode-fds=path", "--string-limit=4096", "-qq"],
    `--output=${output}`,
    // A machine does not have all these calls. The question mark allows that.
    `--trace=${calls.map((call) => `?${call}`).join(",")}`,
    ...(refuseSockets ? ["--inject=socket:error=EACCES"] : []),
  ];
}

/** Reads the output of strace. The result has the processes in the order of their first calls. */
export function readTrace(text: string): TracedProcess[] {
  const processes = new Map<number, TracedProcess>();
  /** Process of each thread. */
  const owners = new Map<number, number>();
  /** First halves of the calls that another call has interrupted. */
  const unfinished = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [, id, rest] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (id === undefined || rest === undefined) continue;
    const thread = Number(id);
    const [, first] = /^(.*) <unfinished \.\.\.>$/.exec(rest) ?? [];
    const [, last] = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest) ?? [];
    if (first !== undefined) unfinished.set(thread, first);
    // A thread whose start is not known yet makes no call before its creator's call has ended.
    const call = last === undefined ? rest : `${unfinished.get(thread) ?? ""}${last}`;
    if (last !== undefined) unfinished.delete(thread);
    const owner = owners.get(thread) ?? thread;
    const process = processes.get(owner) ??
      { command: "", sockets: [], destinations: [], writes: [] };
    processes.set(owner, process);
    if (first === undefined) addCall(process, call);
    const [, child] = /^(?:clone3?)\(.*CLONE_THREAD.* = (\d+)/.exec(call) ?? [];
    if (child !== undefined) adopt(Number(child), owner);
  }
  return [...processes.values()];

  function adopt(thread: number, owner: number): void {
    owners.set(thread, owner);
    const early = processes.get(thread);
    if (early === undefined) return;
    // The first calls of the thread stand before the end of the call that created it.
    const process = processes.get(owner)!;
    process.sockets.push(...early.sockets);
    process.destinations.push(...early.destinations);
    process.writes.push(...early.writes);
    processes.delete(thread);
  }
}

function addCall(process: TracedProcess, call: string): void {
  const [, name = "", args = ""] = /^(\w+)\((.*)$/.exec(call) ?? [];
  if (name === "execve") {
    Object.assign(process, { command: args });
  } else if (name === "socket") {
    process.sockets.push(args.replace(/\) += .*$/, ""));
  } else if (NETWORK_CALLS.includes(name)) {
    const [address] = /\{sa_family=[^}]*\}/.exec(args) ?? [];
    if (address !== undefined) process.destinations.push(address);
  } else if (
    CHANGE_CALLS.includes(name) ||
    OPEN_CALLS.includes(name) && OPENED_FOR_WRITING.test(args)
  ) {
    process.writes.push(pathOf(args));
  }
}

/** Returns the path of a call such as `AT_FDCWD</work>, "a.txt", O_RDONLY`. */
function pathOf(args: string): string {
  const [, folder = "", path = args] = /^(?:[^"<]*<([^>]*)>)?[^"]*"([^"]*)"/.exec(args) ?? [];
  return isAbsolute(path) ? path : join(folder, path);
}
