// A decoder that a picture has taken over, in a real worker.

import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import type { Attempt } from "./attacks.ts";
import type { Replaced } from "./hostile_import_map.ts";
import { TestWorker } from "./test_worker.ts";

const EPERM = 1, EACCES = 13, ENOSYS = 38;

/** Attempts that some kernels, containers and users refuse to an unsealed worker, too. */
const MAY_BE_REFUSED_ANYHOW = new Set([
  "open by a number of x32",
  "bpf",
  "io_uring",
  "keyctl",
  "mount",
  "new namespace",
  "perf_event_open",
  "setuid",
  "thread in a new namespace",
  "userfaultfd",
  // In an image, no file of the runtime can be written.
  "mprotect a mapping of the runtime and write",
  "write an open file of the runtime",
]);

interface Row extends Attempt {
  readonly thread: string;
  readonly what: string;
}

/** Sends one picture to a hostile worker, and returns what it has tried. */
async function attack(replaced: readonly Replaced[]): Promise<Row[]> {
  await using worker = await TestWorker.start(replaced);
  const { status } = await worker.post(await sample("user1_similar.png"));
  assertEquals(status, 200, "the worker itself still answers");
  await eventually(() => worker.printed.some((line) => line.includes("attacked")), "the attack");
  return worker.printed.map((line) => JSON.parse(line)).filter(({ what }) => what !== undefined);
}

needs("linux")(
  "a decoder that turns hostile is refused by the seal, and by nothing else",
  async () => {
    const unsealed = await attack(["decode", "seal"]);
    const sealed = await attack(["decode"]);
    const names = (rows: readonly Row[]) => rows.map(({ thread, what }) => `${thread}: ${what}`);
    assertEquals(names(sealed), names(unsealed));
    assert(sealed.length > 80, `${sealed.length} attempts`);
    console.table(sealed.map((row, i) => ({
      thread: row.thread,
      attempt: row.what,
      unsealed: outcome(unsealed[i]!),
      sealed: outcome(row),
    })));
    // The C library needs the other error to make threads in the older way, which the filter can check.
    assertEquals(
      sealed.filter(({ what, errno }) => errno !== (what === "fork by clone3" ? ENOSYS : EPERM)),
      [],
    );
    assertEquals(
      unsealed.filter((row) => outcome(row) === "refused" && !MAY_BE_REFUSED_ANYHOW.has(row.what)),
      [],
    );
  },
);

/** An error such as EINVAL comes from the call itself, which therefore was not refused. */
function outcome({ result, errno }: Attempt): string {
  if (result >= 0) return "possible";
  return [EPERM, EACCES, ENOSYS].includes(errno) ? "refused" : `reached (error ${errno})`;
}
