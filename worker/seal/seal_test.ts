import { assertEquals, assertThrows } from "@std/assert";
import { SEAL_PARTS, sealState } from "../../shared/contract/worker_seal.ts";
import { createFakeLog } from "../../shared/fake_log.ts";
import { runFilter } from "./fake_kernel.ts";
import { ALLOW, FAIL_EPERM } from "./filter.ts";
import type { LibC } from "./libc.ts";
import { type Seal, sealWith } from "./seal.ts";
import { SealError, sealWorker } from "./seal_worker.ts";
import { ARCHITECTURES } from "./system_calls.ts";

/** A C library whose kernel can refuse a part. */
function fakeLibC({ noNewPrivs = 1, dumpable = 0, seccomp = 0, socket = -1 } = {}) {
  const calls: string[] = [];
  let filter = new Uint8Array();
  const libc: LibC = {
    prctl(option, value) {
      calls.push(`prctl ${option} ${value ?? ""}`.trim());
      return option === 39 ? noNewPrivs : option === 3 ? dumpable : 0;
    },
    syscall(number, _first, _second, third) {
      calls.push(`syscall ${number}`);
      if (third === null) return socket;
      filter = third.slice(16);
      assertEquals(new DataView(third.buffer).getUint16(0, true), filter.length / 8);
      return seccomp;
    },
    close(file) {
      calls.push(`close ${file}`);
      return 0;
    },
  };
  return { libc, calls, filter: () => filter };
}

const OPTIONS = { pid: 7, looksAtFiles: false };

Deno.test("a seal is complete when the kernel confirms every part", () => {
  const { libc, calls, filter } = fakeLibC();
  assertEquals(sealWith(libc, "x86_64", OPTIONS), { holds: [...SEAL_PARTS], missing: {} });
  // no_new_privs comes first: without it the kernel accepts a filter of root only.
  assertEquals(calls, [
    "prctl 38 1",
    "prctl 39",
    "prctl 4 0",
    "prctl 3",
    "syscall 317",
    "syscall 41",
  ]);
  const { audit } = ARCHITECTURES.x86_64;
  const run = (number: number) => runFilter(filter(), { audit, number, arguments: [] });
  assertEquals([run(0), run(257)], [ALLOW, FAIL_EPERM]);
});

Deno.test("each part that the kernel does not confirm is missing, with its reason", () => {
  const cases = [
    [{ noNewPrivs: 0 }, "no_new_privileges"],
    [{ noNewPrivs: -1 }, "no_new_privileges"],
    [{ dumpable: 1 }, "not_dumpable"],
    [{ seccomp: -1 }, "system_calls"],
    // The id of a thread that has another filter.
    [{ seccomp: 4711 }, "system_calls"],
    [{ socket: 9 }, "system_calls"],
  ] as const;
  for (const [kernel, part] of cases) {
    const { libc, calls } = fakeLibC(kernel);
    const { holds, missing } = sealWith(libc, "aarch64", OPTIONS);
    assertEquals(holds, SEAL_PARTS.filter((other) => other !== part));
    assertEquals(Object.keys(missing), [part]);
    if ("socket" in kernel) assertEquals(calls.at(-1), "close 9");
  }
});

function start(made: Seal, required: boolean, isReportedByStarter = false) {
  const { log, lines } = createFakeLog();
  const run = () =>
    sealWorker({ required, isReportedByStarter, looksAtFiles: false, log, seal: () => made });
  return { run, lines };
}

const PARTIAL: Seal = {
  holds: ["no_new_privileges", "not_dumpable"],
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
