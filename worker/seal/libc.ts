/** The functions of the C library that seal a process. */

/** Functions of the C library. A failure is a negative number. */
export interface LibC {
  prctl(option: number, value?: number): number;
  syscall(
    number: number,
    first: number,
    second: number,
    third: Uint8Array<ArrayBuffer> | null,
  ): number;
  close(file: number): number;
}

/** Names of the C library: glibc, and musl. */
const NAMES = ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`];

const SYMBOLS = {
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  syscall: { parameters: ["i64", "u64", "u64", "buffer"], result: "i64" },
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/**
 * Loads the C library, which this process has loaded already.
 *
 * @throws {Error} when it has another name, or when the process may not call native code
 */
export function openLibC(): LibC {
  const { symbols } = open();
  return {
    prctl: (option, value = 0) => symbols.prctl(option, BigInt(value), 0n, 0n, 0n),
    syscall: (number, first, second, third) =>
      Number(symbols.syscall(BigInt(number), BigInt(first), BigInt(second), third)),
    close: symbols.close,
  };
}

function open(): Deno.DynamicLibrary<typeof SYMBOLS> {
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
