/**
 * Closes the worker in: from then on, code that takes it over through a picture can open no file,
 * make no connection and start no process. docs/sealing.md says what each part stops.
 */

import { SEAL_PARTS, type SealPart } from "../../shared/contract/worker_seal.ts";
import { describeError } from "../../shared/log.ts";
import { encodeFilter, sealFilter } from "./filter.ts";
import { giveUpFiles } from "./give_up_files.ts";
import { type LibC, openLibC } from "./libc.ts";
import { type Architecture, ARCHITECTURES } from "./system_calls.ts";

/** The parts of the seal that hold, and the reasons for those that do not. */
export interface Seal {
  readonly holds: readonly SealPart[];
  /** One reason for each part that is missing. */
  readonly missing: Readonly<Partial<Record<SealPart, string>>>;
}

/** Settings of {@linkcode seal}. */
export interface SealOptions {
  /** True for a worker that tells when the files of its gallery change. */
  readonly looksAtFiles: boolean;
}

const PR_SET_DUMPABLE = 4, PR_GET_DUMPABLE = 3;
const PR_SET_NO_NEW_PRIVS = 38, PR_GET_NO_NEW_PRIVS = 39;
const SECCOMP_SET_MODE_FILTER = 1, SECCOMP_FILTER_FLAG_TSYNC = 1;
const O_RDONLY = 0;

/**
 * Seals this process, with all its threads. It cannot be undone. Everything that a worker loads or
 * opens must be there before.
 */
export function seal(
  options: SealOptions,
  { os, arch }: Pick<typeof Deno.build, "os"> & { readonly arch: string } = Deno.build,
): Seal {
  if (os !== "linux") return nothing(`a worker seals itself on Linux only, and this is ${os}`);
  if (!(arch in ARCHITECTURES)) return nothing(`a worker cannot seal itself on ${arch}`);
  let libc: LibC;
  try {
    libc = openLibC();
  } catch (error) {
    return nothing(`the C library cannot be called (${describeError(error)})`);
  }
  return sealWith(libc, arch as Architecture, { pid: Deno.pid, ...options });
}

/** Seals this process by means of its C library. Each part is checked after it was set. */
export function sealWith(
  libc: LibC,
  architecture: Architecture,
  options: SealOptions & { readonly pid: number },
): Seal {
  const { prctl } = libc;
  const holds: SealPart[] = [];
  const missing: Partial<Record<SealPart, string>> = {};
  const check = (part: SealPart, reason: string | undefined) => {
    if (reason === undefined) holds.push(part);
    else missing[part] = reason;
  };

  check("no_writable_files", giveUpFiles(libc));
  prctl(PR_SET_NO_NEW_PRIVS, 1);
  check(
    "no_new_privileges",
    prctl(PR_GET_NO_NEW_PRIVS) === 1 ? undefined : "the kernel does not set no_new_privs",
  );
  prctl(PR_SET_DUMPABLE, 0);
  check(
    "not_dumpable",
    prctl(PR_GET_DUMPABLE) === 0 ? undefined : "the kernel does not clear dumpable",
  );

  const { seccomp } = ARCHITECTURES[architecture];
  const filter = filterArgument(encodeFilter(sealFilter(architecture, options)));
  const result = libc.seccomp(seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, filter);
  // A number above 0 is a thread that already has another filter.
  if (result !== 0) {
    check("system_calls", `the kernel does not accept the filter (seccomp: ${result})`);
    return { holds, missing };
  }
  const opened = libc.open("/", O_RDONLY);
  if (opened >= 0) libc.close(opened);
  check("system_calls", opened < 0 ? undefined : "the filter is set, and a file can be opened");
  return { holds, missing };
}

const nothing = (reason: string): Seal => ({
  holds: [],
  missing: Object.fromEntries(SEAL_PARTS.map((part) => [part, reason])),
});

/** Bytes of `struct sock_fprog`: a length, padding and a pointer to the program. */
const HEAD_BYTES = 16;

/** Returns a `struct sock_fprog` and its program, in one buffer. */
function filterArgument(program: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD_BYTES + program.length);
  bytes.set(program, HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, program.length / 8, true);
  const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
  view.setBigUint64(8, address + BigInt(HEAD_BYTES), true);
  return bytes;
}
