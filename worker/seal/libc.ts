/** The functions of the C library that seal a process. */

/** Bytes that native code reads or fills. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Functions of the C library. A failure is a negative number. */
export interface LibC {
  prctl(option: number, value?: number): number;
  /** The number of seccomp differs between architectures. */
  seccomp(call: number, operation: number, flags: number, argument: Bytes): number;
  open(path: string, flags: number): number;
  /** Returns the number of bytes that were read. */
  read(file: number, into: Bytes): number;
  close(file: number): number;
  fcntl(file: number, command: number): number;
  dup3(file: number, over: number, flags: number): number;
  /** Fills a `struct statx` of 256 bytes with the facts about an open file. */
  statx(file: number, into: Bytes): number;
  /** Puts memory of this process alone, with the same content, in the place of what is there. */
  replaceMemory(address: bigint, length: number): boolean;
}

/** Names of the C library: glibc, and musl. */
const NAMES = ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`];

const SYMBOLS = {
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  syscall: { parameters: ["i64", "u64", "u64", "buffer"], result: "i64" },
  open: { parameters: ["buffer", "i32", "u64"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "u64"], result: "i32" },
  dup3: { parameters: ["i32", "i32", "i32"], result: "i32" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "i64"], result: "usize" },
} as const satisfies Deno.ForeignLibraryInterface;

const AT_EMPTY_PATH = 0x1000, STATX_BASIC_STATS = 0x7ff;
const PROT_READ_WRITE = 3, MAP_PRIVATE_FIXED_ANONYMOUS = 0x2 | 0x10 | 0x20;
const EMPTY = new Uint8Array(1);

/**
 * Loads the C library, which this process has loaded already.
 *
 * @throws {Error} when it has another name, or when the process may not call native code
 */
export function openLibC(): LibC {
  const { symbols } = load();
  return {
    prctl: (option, value = 0) => symbols.prctl(option, BigInt(value), 0n, 0n, 0n),
    seccomp: (call, operation, flags, argument) =>
      Number(symbols.syscall(BigInt(call), BigInt(operation), BigInt(flags), argument)),
    open: (path, flags) => symbols.open(new TextEncoder().encode(`${path}\0`), flags, 0n),
    read: (file, into) => Number(symbols.read(file, into, BigInt(into.length))),
    close: symbols.close,
    fcntl: (file, command) => symbols.fcntl(file, command, 0n),
    dup3: symbols.dup3,
    statx: (file, into) => symbols.statx(file, EMPTY, AT_EMPTY_PATH, STATX_BASIC_STATS, into),
    replaceMemory(address, length) {
      const view = new Deno.UnsafePointerView(Deno.UnsafePointer.create(address)!);
      const copy = new Uint8Array(length);
      view.copyInto(copy);
      const [prot, flags] = [PROT_READ_WRITE, MAP_PRIVATE_FIXED_ANONYMOUS];
      if (symbols.mmap(address, BigInt(length), prot, flags, -1, 0n) !== address) return false;
      new Uint8Array(view.getArrayBuffer(length)).set(copy);
      return true;
    },
  };
}

function load(): Deno.DynamicLibrary<typeof SYMBOLS> {
  const failures: unknown[] = [];
  for (const name of NAMES) {
    try {
      return Deno.dlopen(name, SYMBOLS);
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}
