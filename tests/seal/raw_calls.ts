/** Calls the kernel as native code does: system calls by their numbers. */

/** Result of a system call, and the error when the result is negative. */
export interface Attempt {
  readonly result: number;
  readonly errno: number;
}

/** The attempts of one thread, by what was tried. */
export type Attempts = Readonly<Record<string, Attempt>>;

/** Argument of a system call. A buffer becomes its address. */
export type Value = number | bigint | Uint8Array<ArrayBuffer> | null;

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
  chroot: [161, 51],
  clone: [56, 220],
  clone3: [435, 435],
  close: [3, 57],
  connect: [42, 203],
  execve: [59, 221],
  execveat: [322, 281],
  fcntl: [72, 25],
  fstat: [5, 80],
  getppid: [110, 173],
  getsockname: [51, 204],
  inotify_init1: [294, 26],
  io_uring_enter: [426, 426],
  io_uring_setup: [425, 425],
  ioctl: [16, 29],
  keyctl: [250, 219],
  kill: [62, 129],
  listen: [50, 201],
  memfd_create: [319, 279],
  mmap: [9, 222],
  mount: [165, 40],
  mprotect: [10, 226],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  open_tree: [428, 428],
  openat: [257, 56],
  openat2: [437, 437],
  perf_event_open: [298, 241],
  pidfd_getfd: [438, 438],
  pidfd_open: [434, 434],
  pidfd_send_signal: [424, 424],
  pipe2: [293, 59],
  pkey_mprotect: [329, 288],
  prctl: [157, 167],
  prlimit64: [302, 261],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  ptrace: [101, 117],
  read: [0, 63],
  recvmsg: [47, 212],
  sched_setaffinity: [203, 122],
  seccomp: [317, 277],
  sendmmsg: [307, 269],
  sendmsg: [46, 211],
  sendto: [44, 206],
  setns: [308, 268],
  setsockopt: [54, 208],
  setuid: [105, 146],
  shmget: [29, 194],
  shutdown: [48, 210],
  socket: [41, 198],
  socketpair: [53, 199],
  statx: [332, 291],
  tgkill: [234, 131],
  tkill: [200, 130],
  unlinkat: [263, 35],
  unshare: [272, 97],
  userfaultfd: [323, 282],
  write: [1, 64],
} as const;

/** Name of a system call. */
export type Name = keyof typeof NUMBERS;

/** True on x86-64. The other architecture of a sealed worker is arm64. */
export const IS_X86 = Deno.build.arch === "x86_64";

/** Returns a text as the kernel reads it. */
export const bytes = (text: string) => new TextEncoder().encode(`${text}\0`);

/** Returns 64-bit numbers as the kernel reads them. */
export const words = (...values: bigint[]) => new Uint8Array(BigUint64Array.from(values).buffer);

/** Makes system calls. */
export class RawCalls {
  readonly #symbols = Deno.dlopen(
    Deno.build.os === "linux" ? "libc.so.6" : "libc",
    SYMBOLS,
  ).symbols;
  /** Buffers that native code may still read. */
  readonly #kept: unknown[] = [];

  /** Makes a call, and returns its result. */
  call(name: Name, ...values: Value[]): bigint {
    return this.#symbols.syscall(numberOf(name), ...this.#values(values));
  }

  /** Makes a call that nothing may refuse before the attack. */
  must(name: Name, ...values: Value[]): number {
    const { result, errno } = this.try(name, ...values);
    if (result < 0) throw new Error(`${name} failed before the attack: ${errno}`);
    return result;
  }

  /** Makes a call, and returns its result and its error. */
  try(name: Name, ...values: Value[]): Attempt {
    return this.#attempt(this.call(name, ...values));
  }

  /** Makes a call by its number. */
  tryNumber(number: number, ...values: Value[]): Attempt {
    return this.#attempt(this.#symbols.syscall(BigInt(number), ...this.#values(values)));
  }

  /** Makes a call on another thread. */
  async tryElsewhere(name: Name, ...values: Value[]): Promise<Attempt> {
    return this.#attempt(await this.#symbols.elsewhere(numberOf(name), ...this.#values(values)));
  }

  /** Returns the address of a buffer, which stays where it is. */
  pointer(data: Uint8Array<ArrayBuffer>): bigint {
    this.#kept.push(data);
    return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(data)));
  }

  /** Starts a program without variables, and writes its process id. Returns an error, or 0. */
  spawn(pid: Uint8Array<ArrayBuffer>, command: readonly [string, ...string[]]): number {
    return this.#symbols.posix_spawn(
      pid,
      bytes(command[0]),
      null,
      null,
      this.list(command),
      new Uint8Array(8),
    );
  }

  /** Returns texts as a list of pointers, as execve reads it. */
  list(texts: readonly string[]): Uint8Array<ArrayBuffer> {
    return words(...texts.map((text) => this.pointer(bytes(text))), 0n);
  }

  #attempt(result: bigint): Attempt {
    if (result >= 0n) return { result: Number(result), errno: 0 };
    const errno = new Deno.UnsafePointerView(this.#symbols.__errno_location()!).getInt32();
    return { result: -1, errno };
  }

  #values(values: readonly Value[]): [bigint, bigint, bigint, bigint, bigint, bigint] {
    const all = values.map((value) => {
      if (value instanceof Uint8Array) return this.pointer(value);
      return BigInt.asUintN(64, BigInt(value ?? 0));
    });
    while (all.length < 6) all.push(0n);
    return all as [bigint, bigint, bigint, bigint, bigint, bigint];
  }
}

const numberOf = (name: Name): bigint => BigInt(NUMBERS[name][IS_X86 ? 0 : 1]);
