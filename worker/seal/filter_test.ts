import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { runFilter } from "./fake_kernel.ts";
import { ALLOW, encodeFilter, FAIL_ENOSYS, FAIL_EPERM, sealFilter } from "./filter.ts";
import { allowedCalls, type Architecture, ARCHITECTURES } from "./system_calls.ts";

const PID = 4711;
/** Numbers of x86-64 and of arm64, for the examples below. */
const CALLS = {
  clone: [56, 220],
  clone3: [435, 435],
  connect: [42, 203],
  execve: [59, 221],
  fcntl: [72, 25],
  mmap: [9, 222],
  openat: [257, 56],
  prctl: [157, 167],
  read: [0, 63],
  sendto: [44, 206],
  sendmsg: [46, 211],
  setsockopt: [54, 208],
  statx: [332, 291],
  tgkill: [234, 131],
} as const;
const ARCHITECTURE_NAMES = Object.keys(ARCHITECTURES) as Architecture[];

function kernel(architecture: Architecture, looksAtFiles = false) {
  const program = encodeFilter(sealFilter(architecture, { pid: PID, looksAtFiles }));
  return {
    program,
    run: (number: number, args: readonly (number | bigint)[], audit?: number) =>
      runFilter(program, {
        audit: audit ?? ARCHITECTURES[architecture].audit,
        number,
        arguments: args.map(BigInt),
      }),
  };
}

Deno.test("the arguments of a call decide on both architectures", () => {
  for (const architecture of ARCHITECTURE_NAMES) {
    const { run } = kernel(architecture);
    const directory = architecture === "x86_64" ? 0o200000 : 0o40000;
    const try_ = (name: keyof typeof CALLS, ...args: (number | bigint)[]) =>
      run(CALLS[name][architecture === "x86_64" ? 0 : 1], args);
    const allowed: [keyof typeof CALLS, ...(number | bigint)[]][] = [
      ["read", 3, 0, 1],
      // glibc, musl: the flags of a thread.
      ["clone", 0x3d0f00],
      ["clone", 0x7d0f00],
      ["mmap", 0, 4096, 3, 0x22, -1],
      ["mmap", 0, 4096, 3, 0x22, 0xffff_ffffn],
      ["prctl", 15],
      ["sendto", 3, 1, 1, 0x4000, 0, 0],
      ["setsockopt", 3, 6, 1, 1, 4],
      ["tgkill", PID, PID, 6],
      ["fcntl", 3, 4, 0x800],
    ];
    const refused: [keyof typeof CALLS, ...(number | bigint)[]][] = [
      ["openat", -100, 1, 0],
      ["openat", -100, 1, directory],
      ["statx", -100, 1],
      ["connect", 3, 1, 16],
      ["execve", 1, 1, 1],
      ["sendmsg", 3, 1, 0],
      ["clone", 17],
      ["clone", 0],
      // A new namespace of each kind, also for a thread.
      ...[0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000].flatMap(
        (flag): [keyof typeof CALLS, number][] => [
          ["clone", flag | 17],
          ["clone", 0x3d0f00 | flag],
        ],
      ),
      ["mmap", 0, 4096, 1, 2, 5],
      ["prctl", 4, 1],
      ["prctl", 22, 2],
      ["sendto", 3, 1, 1, 0x2000_0000, 0x7fff_0000, 16],
      ["sendto", 3, 1, 1, 0, 1n << 32n, 16],
      // SO_ATTACH_FILTER, SO_REUSEADDR, TCP_ULP.
      ["setsockopt", 3, 1, 26, 1, 16],
      ["setsockopt", 3, 1, 1, 1, 4],
      ["setsockopt", 3, 6, 31, 1, 4],
      ["tgkill", 1, 1, 9],
      ["tgkill", PID + 1, PID, 9],
      ["fcntl", 3, 8, 1],
    ];
    for (const call of allowed) assertEquals(try_(...call), ALLOW, `${architecture} ${call}`);
    for (const call of refused) assertEquals(try_(...call), FAIL_EPERM, `${architecture} ${call}`);
    assertEquals(try_("clone3", 1, 88), FAIL_ENOSYS);
  }
});

Deno.test("a worker that watches a gallery may list folders, and still open no file", () => {
  for (const architecture of ARCHITECTURE_NAMES) {
    const { run } = kernel(architecture, true);
    const x86 = architecture === "x86_64";
    const openat = CALLS.openat[x86 ? 0 : 1], directory = x86 ? 0o200000 : 0o40000;
    const open = (flags: number) => run(openat, [-100, 1, flags]);
    assertEquals(run(CALLS.statx[x86 ? 0 : 1], []), ALLOW);
    for (const more of [0, 0o2000000, 0o4000, 0o2004000]) {
      assertEquals(open(directory | more), ALLOW);
    }
    const refused = [
      0,
      1,
      2,
      0o2000000,
      directory | 1,
      directory | 2,
      directory | 0o100,
      // O_TMPFILE has the bit of a folder.
      directory | 0o20000000 | 2,
      directory | 0o20000000,
      // O_PATH: a handle of a file.
      0o10000000,
    ];
    for (const flags of refused) assertEquals(open(flags), FAIL_EPERM, flags.toString(8));
  }
});

Deno.test("only the listed calls of the own architecture are allowed, whatever their arguments", () => {
  for (const architecture of ARCHITECTURE_NAMES) {
    for (const looksAtFiles of [false, true]) {
      const { run } = kernel(architecture, looksAtFiles);
      const listed = new Set(
        allowedCalls(architecture, { pid: PID, looksAtFiles }).map(({ number }) => number),
      );
      const { audit, clone3 } = ARCHITECTURES[architecture];
      fc.assert(
        fc.property(
          fc.oneof(fc.nat(600), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
          fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 6, maxLength: 6 }),
          fc.oneof(fc.constant(audit), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
          (number, args, from) => {
            const result = run(number, args, from);
            if (from !== audit) assertEquals(result, FAIL_EPERM);
            else if (number === clone3) assertEquals(result, FAIL_ENOSYS);
            else if (!listed.has(number)) assertEquals(result, FAIL_EPERM);
            else assert(result === ALLOW || result === FAIL_EPERM);
          },
        ),
        { numRuns: 2000 },
      );
    }
  }
});

Deno.test("no call with a number of the x32 interface is allowed", () => {
  const { run } = kernel("x86_64", true);
  for (let number = 0; number < 600; number++) {
    assertEquals(run(0x4000_0000 + number, [0, 0, 0, 0, -1, 0]), FAIL_EPERM);
  }
});

Deno.test("the filter is shorter than the kernel's limit of 4,096 instructions", () => {
  for (const architecture of ARCHITECTURE_NAMES) {
    assert(kernel(architecture, true).program.length / 8 < 300);
  }
});
