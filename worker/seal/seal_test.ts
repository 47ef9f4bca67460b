import { assertEquals, assertThrows } from "@std/assert";
import { SEAL_PARTS, sealState } from "../../shared/contract/worker_seal.ts";
import { createFakeLog } from "../../shared/fake_log.ts";
import { runFilter } from "./fake_kernel.ts";
import { ALLOW, FAIL_EPERM } from "./filter.ts";
import type { LibC } from "./libc.ts";
import { type Seal, seal, sealWith } from "./seal.ts";
import { SealError, sealWorker } from "./seal_worker.ts";
import { ARCHITECTURES } from "./system_calls.ts";

const LIBRARY =
  "7f0000006000-7f0000007000 rw-p 00000000 fe:00 1236                   /usr/lib/libc.so.6\n";

/** A process with these files and mappings, whose kernel can refuse a part of the seal. */
function fakeLibC({
  noNewPrivs = 1,
  dumpable = 0,
  seccomp = 0,
  opened = -1,
  dup3 = 0,
  maps = LIBRARY,
  openMaps = 100,
  readMaps = 0,
  statx = 0,
} = {}) {
  const calls: string[] = [];
  let filter = new Uint8Array();
  let unread = "";
  /** Standard output is a file here, and 5 is the same file. */
  const files: Record<number, { flags: number; mode: number; inode: number }> = {
    0: { flags: 0, mode: 0o010600, inode: 1 },
    1: { flags: 1, mode: 0o100600, inode: 2 },
    2: { flags: 1, mode: 0o010600, inode: 3 },
    5: { flags: 1, mode: 0o100600, inode: 2 },
    7: { flags: 2, mode: 0o140777, inode: 4 },
    8: { flags: 2, mode: 0o100600, inode: 5 },
    9: { flags: 0, mode: 0o100600, inode: 6 },
    40: { flags: 1, mode: 0o100600, inode: 7 },
  };
  const libc: LibC = {
    prctl(option, value) {
      calls.push(`prctl ${option} ${value ?? ""}`.trim());
      return option === 39 ? noNewPrivs : option === 3 ? dumpable : 0;
    },
    seccomp(call, _operation, _flags, argument) {
      calls.push(`syscall ${call}`);
      filter = argument.slice(16);
      assertEquals(new DataView(argument.buffer).getUint16(0, true), filter.length / 8);
      return seccomp;
    },
    open(path) {
      if (path === "/") {
        calls.push("open /");
        return opened;
      }
      if (path !== "/proc/self/maps") return 100;
      unread = maps;
      return openMaps;
    },
    read(_file, into) {
      const { read, written } = new TextEncoder().encodeInto(unread, into);
      unread = unread.slice(read);
      return written || readMaps;
    },
    close(file) {
      if (file !== 100) calls.push(`close ${file}`);
      return 0;
    },
    fcntl: (file) => files[file]?.flags ?? -1,
    dup3(_file, over) {
      calls.push(`dup3 ${over}`);
      if (dup3 === 0) files[over] = { flags: 0, mode: 0o020666, inode: 9 };
      return dup3;
    },
    statx(file, into) {
      if (statx < 0 && file === 8) return statx;
      const view = new DataView(into.buffer);
      view.setUint16(28, files[file]!.mode, true);
      view.setBigUint64(32, BigInt(files[file]!.inode), true);
      return 0;
    },
    replaceMemory(address, length) {
      calls.push(`replace ${address.toString(16)} ${length}`);
      maps = maps.split("\n").filter((line) => !line.startsWith(address.toString(16))).join("\n");
      return true;
    },
  };
  return { libc, calls, filter: () => filter };
}

const OPTIONS = { pid: 7, looksAtFiles: false };

Deno.test("a seal is complete when the kernel confirms every part", () => {
  const { libc, calls, filter } = fakeLibC();
  assertEquals(sealWith(libc, "x86_64", OPTIONS), { holds: [...SEAL_PARTS], missing: {} });
  // no_new_privs comes first: without it the kernel accepts a filter of root only.
  assertEquals(calls.filter((call) => !call.startsWith("dup3")), [
    "prctl 38 1",
    "prctl 39",
    "prctl 4 0",
    "prctl 3",
    "syscall 317",
    "open /",
  ]);
  const { audit } = ARCHITECTURES.x86_64;
  const run = (number: number) => runFilter(filter(), { audit, number, arguments: [] });
  assertEquals([run(0), run(257)], [ALLOW, FAIL_EPERM]);
});

Deno.test("each part that the kernel does not confirm is missing, with its reason", () => {
  const cases = [
    [{ dup3: -1 }, "no_writable_files"],
    [{ maps: "" }, "no_writable_files"],
    [{ maps: "a table of another form\n" }, "no_writable_files"],
    [{ openMaps: -1 }, "no_writable_files"],
    [{ readMaps: -1 }, "no_writable_files"],
    // Memory that cannot be read cannot be copied.
    [{ maps: LIBRARY.replace("rw-p", "---s") }, "no_writable_files"],
    // It is unknown what the open file is.
    [{ statx: -1 }, "no_writable_files"],
    [{ noNewPrivs: 0 }, "no_new_privileges"],
    [{ noNewPrivs: -1 }, "no_new_privileges"],
    [{ dumpable: 1 }, "not_dumpable"],
    [{ seccomp: -1 }, "system_calls"],
    // The id of a thread that has another filter.
    [{ seccomp: 4711 }, "system_calls"],
    [{ opened: 9 }, "system_calls"],
  ] as const;
  for (const [kernel, part] of cases) {
    const { libc, calls } = fakeLibC(kernel);
    const { holds, missing } = sealWith(libc, "aarch64", OPTIONS);
    assertEquals(holds, SEAL_PARTS.filter((other) => other !== part));
    assertEquals(Object.keys(missing), [part]);
    if ("opened" in kernel) assertEquals(calls.at(-1), "close 9");
  }
});

function start(made: Seal, required: boolean, isReportedByStarter = false) {
  const { log, lines } = createFakeLog();
  const run = () =>
    sealWorker({ required, isReportedByStarter, looksAtFiles: false, log, seal: () => made });
  return { run, lines };
}

const PARTIAL: Seal = {
  holds: ["no_writable_files", "no_new_privileges", "not_dumpable"],
  missing: { system_calls: "the kernel does not accept the filter (seccomp: -1)" },
};

Deno.test("what holds is logged, and a missing part is a warning", () => {
  const full = start({ holds: [...SEAL_PARTS], missing: {} }, true);
  full.run();
  assertEquals(full.lines.map(({ level, msg, seal }) => [level, msg, seal]), [
    ["info", "worker sealed", [...SEAL_PARTS]],
  ]);
  for (const [byStarter, expected] of [[false, "warn"], [true, "debug"]] as const) {
    const partial = start(PARTIAL, false, byStarter);
    assertEquals(partial.run(), PARTIAL);
    assertEquals(partial.lines.map(({ level, seal, missing }) => [level, seal, missing]), [
      [expected, PARTIAL.holds, PARTIAL.missing],
    ]);
  }
});

Deno.test("a worker that must be sealed does not start without a part, and says which", () => {
  const { run, lines } = start(PARTIAL, true);
  const { message } = assertThrows(run, SealError, "system_calls: the kernel does not accept");
  assertEquals(message.includes("\n"), false);
  assertEquals(lines, []);
});

Deno.test("a seal is full, partial or none", () => {
  assertEquals(sealState([...SEAL_PARTS]), "full");
  assertEquals(sealState(["not_dumpable"]), "partial");
  assertEquals(sealState([]), "none");
});

Deno.test("files that can be written are given up, but not standard output", () => {
  const maps = [
    "7f0000001000-7f0000003000 rw-s 00000000 fe:00 1234                   /cache/v8-shm",
    // mprotect can make it writable.
    "7f0000004000-7f0000005000 r--s 00000000 fe:00 1235                   /cache/v8_code_cache",
    LIBRARY.trim(),
    "7f0000008000-7f0000009000 rw-s 00000000 00:05 1237                   /memfd:x (deleted)",
    "7f000000a000-7f000000b000 rw-s 00000000 00:05 1238                   /dev/zero (deleted)",
    "7f000000c000-7f000000d000 r--s 00000000 00:1b 0                      /dev/shm/cache (deleted)",
    "7f000000e000-7f000000f000 rw-p 00000000 00:00 0",
    "7f0000010000-7f0000011000 r-xp 00000000 00:00 0                      [vdso]",
    "",
  ].join("\n");
  const { libc, calls } = fakeLibC({ maps });
  assertEquals(sealWith(libc, "x86_64", OPTIONS).missing, {});
  assertEquals(calls.slice(0, 6), [
    "dup3 8",
    "dup3 40",
    "replace 7f0000001000 8192",
    "replace 7f0000004000 4096",
    "replace 7f000000c000 4096",
    "prctl 38 1",
  ]);
});

Deno.test("elsewhere than on Linux, and on other processors, a worker says that it is not sealed", () => {
  for (
    const [os, arch, reason] of [
      ["darwin", "aarch64", "a worker seals itself on Linux only, and this is darwin"],
      ["windows", "x86_64", "a worker seals itself on Linux only, and this is windows"],
      ["linux", "riscv64", "a worker cannot seal itself on riscv64"],
    ] as const
  ) {
    assertEquals(seal({ looksAtFiles: false }, { os, arch }), {
      holds: [],
      missing: Object.fromEntries(SEAL_PARTS.map((part) => [part, reason])),
    });
  }
});
