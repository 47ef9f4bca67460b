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
  chains: z.int().min(1).optional(),
  code: z.string().regex(/^[0-9a-f]{64}$/),
});

/**
 * Signs heads, in as many checkpoints as needed.
 *
 * @param areAll True when these are the heads of all chains
 */
export function signCheckpoints(
  keys: AuditKeys,
  heads: readonly Head[],
  now: number,
  areAll: boolean,
): AuditCheckpoint[] {
  const time = new Date(now).toISOString();
  const chains = areAll ? { chains: heads.length } : {};
  const checkpoints: AuditCheckpoint[] = [];
  for (let i = 0; i < heads.length; i += HEADS_PER_LINE) {
    const listed = heads.slice(i, i + HEADS_PER_LINE).map((
      { chain, seq, code },
    ): AuditCheckpoint["heads"][number] => [chain, seq, code.toHex()]);
    const signed = { time, heads: listed, ...chains };
    checkpoints.push({ ...signed, code: signatureOf(keys, signed).toHex() });
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
    return isSameCode(signatureOf(keys, data), Uint8Array.fromHex(data.code)) ? data : "bad";
  });
}

const signatureOf = (
  keys: AuditKeys,
  { time, heads, chains }: Pick<AuditCheckpoint, "time" | "heads" | "chains">,
): Uint8Array => {
  const scope = chains === undefined ? [] : ["all", String(chains)];
  return codeOf(keys.checkpoints, NO_CODE, [time, ...scope, ...heads.flat().map(String)]);
};
