/**
 * A checkpoint: the heads of chains, signed. It goes into the log, which others keep. Whoever removes
 * the newest rows of a chain later cannot remove the checkpoint that names them.
 */

import { z } from "zod";
import { readLogField } from "../log_field.ts";
import type { AuditCheckpoint } from "./event.ts";
import type { Head } from "./rows.ts";
import { type AuditKeys, codeOf, isSameCode, NO_CODE } from "./seal.ts";

/** Name of the field of a log line that has a checkpoint. */
export const CHECKPOINT_FIELD = "audit_checkpoint";
/** Heads that one line has. */
const HEADS_PER_LINE = 100;

/** Schema of a checkpoint in the log. */
const CheckpointSchema = z.strictObject({
  time: z.iso.datetime({ precision: 3 }),
  /** For each chain its name, the number of its last row, and the code of this row. */
  heads: z.array(z.tuple([
    z.string().regex(/^[0-9a-f]{16}$/),
    z.int().min(1),
    z.string().regex(/^[0-9a-f]{64}$/),
  ])).min(1).max(HEADS_PER_LINE),
  code: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Signs heads, in as many checkpoints as needed. */
export function signCheckpoints(
  keys: AuditKeys,
  heads: readonly Head[],
  now: number,
): AuditCheckpoint[] {
  const time = new Date(now).toISOString();
  const checkpoints: AuditCheckpoint[] = [];
  for (let i = 0; i < heads.length; i += HEADS_PER_LINE) {
    const listed = heads.slice(i, i + HEADS_PER_LINE).map((
      { chain, seq, code },
    ): AuditCheckpoint["heads"][number] => [chain, seq, code.toHex()]);
    const code = signatureOf(keys, time, listed).toHex();
    checkpoints.push({ time, heads: listed, code });
  }
  return checkpoints;
}

/**
 * Reads the checkpoints of a line of a collected log. "bad" stands for one that this store has not
 * signed.
 */
export function readCheckpoints(keys: AuditKeys, line: string): (AuditCheckpoint | "bad")[] {
  return readLogField(line, CHECKPOINT_FIELD).map((value) => {
    const { data } = CheckpointSchema.safeParse(value);
    if (data === undefined) return "bad";
    const { time, heads, code } = data;
    return isSameCode(signatureOf(keys, time, heads), Uint8Array.fromHex(code)) ? data : "bad";
  });
}

const signatureOf = (
  keys: AuditKeys,
  time: string,
  heads: AuditCheckpoint["heads"],
): Uint8Array => codeOf(keys.checkpoints, NO_CODE, [time, ...heads.flat().map(String)]);
