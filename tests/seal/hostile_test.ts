// A decoder that a picture has taken over, in a real worker.

import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import {
  hasAttacked,
  isRefused,
  outcome,
  readAttempts,
  type TriedAttempt,
  wrongUnderSeal,
} from "./attempts.ts";
import type { Replaced } from "./hostile_import_map.ts";
import { TestWorker } from "./test_worker.ts";

/** Attempts that some kernels, containers and users refuse to an unsealed worker, too. */
const MAY_BE_REFUSED_ANYHOW = new Set([
  "open by a number of x32",
  "open by a handle",
  "handle of a file",
  "take a file of a sibling",
  "fork by clone3",
  "bpf",
  "change the root",
  "io_uring",
  "io_uring that was open",
  "keyctl",
  "mount",
  "mount by open_tree",
  "new namespace",
  "new namespace of users",
  "perf_event_open",
  "setuid",
  "thread in a new namespace",
  "userfaultfd",
  // In an image, no file of the runtime can be written.
  "mprotect a mapping of the runtime and write",
  "write an open file of the runtime",
]);

/** Sends one picture to a hostile worker, and returns what it has tried. */
async function attack(replaced: readonly Replaced[]): Promise<TriedAttempt[]> {
  await using worker = await TestWorker.start(replaced);
  const { status } = await worker.post(await sample("user1_similar.png"));
  assertEquals(status, 200, "the worker itself still answers");
  await eventually(() => hasAttacked(worker.printed), "the attack");
  return readAttempts(worker.printed);
}

needs("linux")(
  "a decoder that turns hostile is refused by the seal, and by nothing else",
  async () => {
    const unsealed = await attack(["decode", "seal"]);
    const sealed = await attack(["decode"]);
    const names = (rows: readonly TriedAttempt[]) =>
      rows.map(({ thread, what }) => `${thread}: ${what}`);
    assertEquals(names(sealed), names(unsealed));
    assert(sealed.length > 120, `${sealed.length} attempts`);
    console.table(sealed.map((row, i) => ({
      thread: row.thread,
      attempt: row.what,
      unsealed: outcome(unsealed[i]!),
      sealed: outcome(row),
    })));
    assertEquals(wrongUnderSeal(sealed), []);
    assertEquals(
      unsealed.filter((row) => isRefused(row) && !MAY_BE_REFUSED_ANYHOW.has(row.what)),
      [],
    );
  },
);
