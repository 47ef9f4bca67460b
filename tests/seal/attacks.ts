/**
 * Attempts of code that has taken over a worker: raw system calls, as native code makes them. On each
 * thread, {@linkcode prepareAttacks} runs before the worker seals itself, and the attacks afterwards.
 */

/** Result of a system call, and the error when the result is negative. */
export interface Attempt {
  readonly result: number;
  readonly errno: number;
}

/** The attempts of one thread, by what was tried. */
export type Attempts = Readonly<Record<string, Attempt>>;

const U64S = ["u64", "u64", "u64", "u64", "u64", "u64"] as const;
const SYMBOLS = {
  syscall: { parameters: ["i64", ...U64S], result: "i64" },
  elsewhere: { name: "syscall", parameters: ["i64", ...U64S], result: "i64", nonblocking: true },
  posix_spawn: {
    parameters: ["buffer", "buffer", "pointer", "pointer", "buffer", "buffer"],
    result: "i32",
  },
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Numbers on x86-64 and on arm64: asm/unistd_64.h and asm-generic/unistd.h. */
const NUMBERS = {
  bind: [49, 200],
  bpf: [321, 280],
  clone: [56, 220],
  clone3: [435, 435],
  connect: [42, 203],
  execve: [59, 221],
  fcntl: [72, 25],
  fstat: [5, 80],
  getsockname: [51, 204],
  io_uring_setup: [425, 425],
  keyctl: [250, 219],
  kill: [62, 129],
  listen: [50, 201],
  memfd_create: [319, 279],
  mmap: [9, 222],
  mount: [165, 40],
  mprotect: [10, 226],
  openat: [257, 56],
  openat2: [437, 437],
  perf_event_open: [298, 241],
  pidfd_open: [434, 434],
  prctl: [157, 167],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  ptrace: [101, 117],
  read: [0, 63],
  seccomp: [317, 277],
  sendto: [44, 206],
  setns: [308, 268],
  setuid: [105, 146],
  shutdown: [48, 210],
  socket: [41, 198],
  socketpair: [53, 199],
  statx: [332, 291],
  tgkill: [234, 131],
  unlinkat: [263, 35],
  unshare: [272, 97],
  userfaultfd: [323, 282],
  write: [1, 64],
} as const;

type Name = keyof typeof NUMBERS;
type Value = number | bigint | Uint8Array<ArrayBuffer> | null;

const EPERM = 1;
const AT_FDCWD = -100, O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2;
const O_DIRECTORY = Deno.build.arch === "x86_64" ? 0o200000 : 0o40000;
const AF_UNIX = 1, AF_INET = 2, AF_NETLINK = 16, SOCK_STREAM = 1, SOCK_DGRAM = 2;
const SHUT_RDWR = 2, MSG_FASTOPEN = 0x2000_0000;
const PTRACE_SEIZE = 0x4206;
const SIGCHLD = 17, CLONE_THREAD = 0x1_0000, CLONE_NEWNS = 0x2_0000, CLONE_NEWUTS = 0x400_0000;
const CLONE_FS = 0x200;
const PROT_READ = 1, PROT_WRITE = 2, MAP_PRIVATE = 2;
/** Shared memory of a file, in /proc/self/maps. */
const SHARED_FILE = /^([0-9a-f]+)-\S+ r..s .* (\/(?!memfd:|dev\/zero).*)$/;
const PR_SET_DUMPABLE = 4, F_SETFD = 2, F_SETOWN = 8, FD_CLOEXEC = 1, X32 = 0x4000_0000;

/** The other fields of `struct clone_args`. */
const ZEROS = new BigUint64Array(7);

const bytes = (text: string) => new TextEncoder().encode(`${text}\0`);

/** Everything that an attack needs and that exists before the seal. */
export class Attacker {
  readonly #symbols = Deno.dlopen(
    Deno.build.os === "linux" ? "libc.so.6" : "libc",
    SYMBOLS,
  ).symbols;
  /** Buffers that native code may still read. */
  readonly #kept: unknown[] = [];
  readonly #sibling: number;
  readonly #siblingAddress: bigint;
  readonly #file: number;
  readonly #maps: number;
  readonly #sockets: readonly number[];
  readonly #deaf: number;
  readonly #address: Uint8Array<ArrayBuffer>;

  constructor() {
    this.#sibling = this.#startSibling();
    this.#siblingAddress = this.#firstAddress(this.#sibling);
    this.#file = this.#must("openat", AT_FDCWD, bytes("/proc/self/exe"), O_RDONLY);
    this.#maps = this.#must("openat", AT_FDCWD, bytes("/proc/self/maps"), O_RDONLY);
    this.#sockets = [0, 1].map(() => this.#must("socket", AF_INET, SOCK_STREAM));
    const any = Uint8Array.of(AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    const listening = () => {
      const socket = this.#must("socket", AF_INET, SOCK_STREAM);
      this.#must("bind", socket, any, any.length);
      this.#must("listen", socket, 8);
      return socket;
    };
    this.#deaf = listening();
    this.#address = any.slice();
    this.#must("getsockname", listening(), this.#address, Uint8Array.of(16, 0, 0, 0));
  }

  /** Tries everything on this thread, and some of it on another one. */
  async attack(): Promise<Attempts> {
    const pid = this.#sibling;
    const buffer = new Uint8Array(256);
    const vector = new Uint8Array(
      BigUint64Array.of(this.#pointer(buffer), 16n, this.#siblingAddress, 16n).buffer,
    );
    const local = this.#pointer(vector), remote = local + 16n;
    const how = new Uint8Array(24);
    const any = Uint8Array.of(AF_INET, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    const passwd = bytes("/etc/passwd"), tmp = bytes("/tmp"), nothing = bytes("/none");
    const memory = bytes(`/proc/${pid}/mem`);
    const clone = new Uint8Array(
      BigUint64Array.of(BigInt(CLONE_FS | CLONE_NEWNS), ...ZEROS).buffer,
    );
    const attempts: Record<string, Attempt> = {
      "open a file to read": this.#try("openat", AT_FDCWD, passwd, O_RDONLY),
      "open a file to write": this.#try("openat", AT_FDCWD, bytes("/dev/null"), O_WRONLY),
      "open a folder": this.#try("openat", AT_FDCWD, tmp, O_DIRECTORY),
      "open by openat2": this.#try("openat2", AT_FDCWD, passwd, how, how.length),
      "look at a file": this.#try("statx", AT_FDCWD, passwd, 0, 0xfff, buffer),
      "remove a file": this.#try("unlinkat", AT_FDCWD, nothing, 0),
      "make a file in memory": this.#try("memfd_create", nothing, 0),
      "write an open file of the runtime": this.#tryWritableFiles(),
      "mprotect a mapping of the runtime and write": this.#tryMappings(),
      "map an open file": this.#try("mmap", 0, 4096, PROT_READ, MAP_PRIVATE, this.#file, 0),
      "socket": this.#try("socket", AF_INET, SOCK_STREAM),
      "socket for datagrams": this.#try("socket", AF_INET, SOCK_DGRAM),
      "socket to this machine": this.#try("socket", AF_UNIX, SOCK_STREAM),
      "socket to the kernel": this.#try("socket", AF_NETLINK, SOCK_DGRAM),
      "pair of sockets": this.#try("socketpair", AF_UNIX, SOCK_STREAM, 0, buffer),
      "connect": this.#try("connect", this.#sockets[0]!, this.#address, 16),
      "bind": this.#try("bind", this.#sockets[1]!, any, 16),
      "listen": this.#try("listen", this.#sockets[1]!, 1),
      "connect a deaf listener by fast open":
        (this.#call("shutdown", this.#deaf, SHUT_RDWR),
          this.#try("sendto", this.#deaf, buffer, 1, MSG_FASTOPEN, this.#address, 16)),
      "exec": this.#try("execve", nothing, null, null),
      "start a program": this.#trySpawn("/bin/true"),
      // The kernel itself refuses these flags, so no process is made where a filter allows the call.
      "fork": this.#try("clone", SIGCHLD | CLONE_FS | CLONE_NEWNS),
      "fork by clone3": this.#try("clone3", clone, 64),
      "thread in a new namespace": this.#try("clone", CLONE_THREAD | CLONE_NEWUTS),
      "ptrace a sibling": this.#try("ptrace", PTRACE_SEIZE, pid),
      "/proc/SIBLING/mem": this.#try("openat", AT_FDCWD, memory, O_RDWR),
      "process_vm_readv": this.#try("process_vm_readv", pid, local, 1, remote, 1, 0),
      "process_vm_writev": this.#try("process_vm_writev", pid, local, 0, remote, 0, 0),
      "signal a sibling": this.#try("kill", pid, 0),
      "signal a sibling's thread": this.#try("tgkill", pid, pid, 0),
      "send a socket's signals to a sibling": this.#try("fcntl", this.#deaf, F_SETOWN, pid),
      "handle of a sibling": this.#try("pidfd_open", pid, 0),
      "io_uring": this.#try("io_uring_setup", 1, new Uint8Array(256)),
      "new namespace": this.#try("unshare", CLONE_NEWUTS),
      "enter a namespace": this.#try("setns", this.#file, 0),
      "mount": this.#try("mount", nothing, nothing, nothing, 0, null),
      "bpf": this.#try("bpf", 0, buffer, 0),
      "perf_event_open": this.#try("perf_event_open", buffer, 0, -1, -1, 0),
      "keyctl": this.#try("keyctl", 0, -3, 0),
      "userfaultfd": this.#try("userfaultfd", 1),
      "setuid": this.#try("setuid", 0),
      "dumpable again": this.#try("prctl", PR_SET_DUMPABLE, 1),
      "another filter": this.#try("seccomp", 1, 0, null),
      ...Deno.build.arch === "x86_64" && {
        "open by a number of x32": this.#attempt(
          this.#symbols.syscall(BigInt(X32 + 2), ...this.#values([passwd, 0])),
        ),
      },
    };
    const elsewhere = async (name: Name, ...values: Value[]) =>
      this.#attempt(await this.#symbols.elsewhere(this.#number(name), ...this.#values(values)));
    attempts["open a file on another thread"] = await elsewhere("openat", AT_FDCWD, passwd, 0);
    attempts["socket on another thread"] = await elsewhere("socket", AF_INET, SOCK_STREAM);
    return attempts;
  }

  /** Writes nothing to each regular file that is open. */
  #tryWritableFiles(): Attempt {
    const facts = new Uint8Array(256), mode = Deno.build.arch === "x86_64" ? 24 : 16;
    for (let file = 3; file < 256; file++) {
      if (this.#call("fstat", file, facts) !== 0n) continue;
      const isRegular = (facts[mode + 1]! & 0xf0) === 0x80;
      if (!isRegular || this.#call("write", file, facts, 0) !== 0n) continue;
      return { result: file, errno: 0 };
    }
    return { result: -1, errno: EPERM };
  }

  /**
   * Makes shared memory of a file writable, and writes a byte that is there already. The memory has
   * the file's content, so another byte would change the file.
   */
  #tryMappings(): Attempt {
    let text = "";
    const part = new Uint8Array(64 * 1024);
    for (let size = 1; size > 0;) {
      size = this.#must("read", this.#maps, part, part.length);
      text += new TextDecoder().decode(part.subarray(0, size));
    }
    for (const line of text.split("\n")) {
      const address = SHARED_FILE.exec(line)?.[1];
      if (address === undefined) continue;
      const page = BigInt(`0x${address}`);
      if (this.#call("mprotect", page, 4096, PROT_READ | PROT_WRITE) !== 0n) continue;
      const view = new Deno.UnsafePointerView(Deno.UnsafePointer.create(page)!);
      const byte = new Uint8Array(view.getArrayBuffer(1));
      byte.set(byte.slice());
      return { result: 0, errno: 0 };
    }
    return { result: -1, errno: EPERM };
  }

  #number(name: Name): bigint {
    return BigInt(NUMBERS[name][Deno.build.arch === "x86_64" ? 0 : 1]);
  }

  #call(name: Name, ...values: Value[]): bigint {
    return this.#symbols.syscall(this.#number(name), ...this.#values(values));
  }

  #must(name: Name, ...values: Value[]): number {
    const { result, errno } = this.#try(name, ...values);
    if (result < 0) throw new Error(`${name} failed before the attack: ${errno}`);
    return result;
  }

  #try(name: Name, ...values: Value[]): Attempt {
    return this.#attempt(this.#call(name, ...values));
  }

  #attempt(result: bigint): Attempt {
    if (result >= 0n) return { result: Number(result), errno: 0 };
    const errno = new Deno.UnsafePointerView(this.#symbols.__errno_location()!).getInt32();
    return { result: -1, errno };
  }

  #values(values: readonly Value[]): [bigint, bigint, bigint, bigint, bigint, bigint] {
    const all = values.map((value) => {
      if (value instanceof Uint8Array) return this.#pointer(value);
      return BigInt.asUintN(64, BigInt(value ?? 0));
    });
    while (all.length < 6) all.push(0n);
    return all as [bigint, bigint, bigint, bigint, bigint, bigint];
  }

  #pointer(data: Uint8Array<ArrayBuffer>): bigint {
    this.#kept.push(data);
    return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(data)));
  }

  #trySpawn(...command: [string, ...string[]]): Attempt {
    const errno = this.#spawnInto(new Uint8Array(8), command);
    return { result: errno === 0 ? 0 : -1, errno };
  }

  /** Starts a process of the same user that keeps none of this process's files. */
  #startSibling(): number {
    const pid = new Uint8Array(8);
    for (const file of [0, 1, 2]) this.#must("fcntl", file, F_SETFD, FD_CLOEXEC);
    const errno = this.#spawnInto(pid, ["/bin/sleep", "60"]);
    for (const file of [0, 1, 2]) this.#must("fcntl", file, F_SETFD, 0);
    if (errno !== 0) throw new Error(`No sibling: ${errno}`);
    return new DataView(pid.buffer).getInt32(0, true);
  }

  #spawnInto(pid: Uint8Array<ArrayBuffer>, command: [string, ...string[]]): number {
    const list = BigUint64Array.of(...command.map((text) => this.#pointer(bytes(text))), 0n);
    const [path] = command;
    const empty = new BigUint64Array(1);
    return this.#symbols.posix_spawn(
      pid,
      bytes(path),
      null,
      null,
      new Uint8Array(list.buffer),
      new Uint8Array(empty.buffer),
    );
  }

  /** Returns the first address in the memory of a process. */
  #firstAddress(pid: number): bigint {
    const maps = this.#must("openat", AT_FDCWD, bytes(`/proc/${pid}/maps`), O_RDONLY);
    const text = new Uint8Array(64);
    this.#must("read", maps, text, text.length);
    return BigInt(`0x${new TextDecoder().decode(text).split("-")[0]}`);
  }
}
