/** Tells how far a worker has closed itself in. docs/sealing.md says what that means. */

import { z } from "zod";

/** Header of a worker's responses to `POST /authenticate` and `POST /embed`. */
export const WORKER_SEAL_HEADER = "X-Worker-Seal";

/** Names of the parts of a seal. */
export const SEAL_PARTS = [
  "no_writable_files",
  "no_new_privileges",
  "not_dumpable",
  "system_calls",
] as const;

/** A part of a seal. */
export type SealPart = typeof SEAL_PARTS[number];

/** full: every part holds; partial: some do; none: no part does. */
export const SealStateSchema = z.enum(["full", "partial", "none"]);

/** See {@linkcode SealStateSchema}. */
export type SealState = z.infer<typeof SealStateSchema>;

/** Returns the state of a seal with these parts. */
export function sealState(holds: readonly SealPart[]): SealState {
  if (holds.length === 0) return "none";
  return SEAL_PARTS.every((part) => holds.includes(part)) ? "full" : "partial";
}

/** Reads a {@linkcode WORKER_SEAL_HEADER}. Returns undefined when it is not as documented. */
export function readSealState(header: string | readonly string[] | undefined):
  | SealState
  | undefined {
  return SealStateSchema.safeParse(header).data;
}
