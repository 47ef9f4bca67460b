/**
 * A checkpoint: the heads of chains, signed. It goes into the log, which others keep. Whoever removes
 * the newest rows of a chain later cannot remove the checkpoint that names them.
 */

import { z } from "zod";
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

/** The name of the field, as text that is no JSON has it: a line that was cut off, or changed. */
const FIELD_IN_TEXT = new RegExp(`"${CHECKPOINT_FIELD}"\\s*:`);

/**
 * Reads the checkpoint of a log line. The line may be the field `log` of another one, as Docker writes
 * it.
 *
 * @returns undefined for another line, "bad" for a checkpoint that this store has not signed
 */
export function readCheckpoint(
  keys: AuditKeys,
  line: string,
): AuditCheckpoint | "bad" | undefined {
  if (!line.includes(CHECKPOINT_FIELD)) return undefined;
  let json: unknown;
  try {
    // A collector may have written something before the line.
    json = JSON.parse(line.slice(Math.max(line.indexOf("{"), 0)));
  } catch {
    return FIELD_IN_TEXT.test(line) ? "bad" : undefined;
  }
  // Every client can have the name of the field in a line, such as in a request id.
  if (typeof json !== "object" || json === null) return undefined;
  if (!Object.hasOwn(json, CHECKPOINT_FIELD)) {
    const { log } = json as { readonly log?: unknown };
    return typeof log === "string" ? readCheckpoint(keys, log) : undefined;
  }
  const { data } = CheckpointSchema.safeParse((json as Record<string, unknown>)[CHECKPOINT_FIELD]);
  if (data === undefined) return "bad";
  return isSameCode(signatureOf(keys, data), Uint8Array.fromHex(data.code)) ? data : "bad";
}

const signatureOf = (
  keys: AuditKeys,
  { time, heads, chains }: Pick<AuditCheckpoint, "time" | "heads" | "chains">,
): Uint8Array => {
  const scope = chains === undefined ? [] : ["all", String(chains)];
  return codeOf(keys.checkpoints, NO_CODE, [time, ...scope, ...heads.flat().map(String)]);
};
