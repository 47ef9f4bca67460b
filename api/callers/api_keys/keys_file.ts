/** The keys file: the callers that the operator knows, each with a hash of its key. */

import { z } from "zod";
import { ConfigError } from "../../../shared/env.ts";
import { COLLECTION, DEFAULT_COLLECTION, SCOPES } from "../scopes.ts";
import { KEY_ID } from "./api_key.ts";

/** Largest size of a keys file. An entry has 300 bytes. */
export const MAX_KEYS_FILE_BYTES = 512 * 1024;

/** Largest number of keys in a file. */
export const MAX_KEYS = 1000;

/** Longest name of a key. */
export const MAX_KEY_NAME_LENGTH = 100;

/** Largest number of requests a minute that a key may be limited to. */
export const MAX_RATE_PER_MINUTE = 1_000_000;

const EntrySchema = z.strictObject({
  id: z.string().regex(KEY_ID),
  name: z.string().min(1).max(MAX_KEY_NAME_LENGTH),
  sha256: z.string().regex(/^[0-9a-f]{64}$/).transform((hex) => Uint8Array.fromHex(hex)),
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
  collection: z.string().regex(COLLECTION).default(DEFAULT_COLLECTION),
  rate_per_minute: z.int().min(1).max(MAX_RATE_PER_MINUTE).optional(),
  expires: z.iso.datetime().transform((text) => Date.parse(text)).optional(),
});

const FileSchema = z.strictObject({ keys: z.array(EntrySchema).max(MAX_KEYS) });

/** An entry of the file, as the command `deno task key new` prints it. */
export type KeyEntryText = z.input<typeof EntrySchema>;

/** An entry of the file. `expires` is in milliseconds since 1970. */
export type KeyEntry = z.output<typeof EntrySchema>;

/** The entries by the ids of their keys. */
export type ApiKeys = ReadonlyMap<string, KeyEntry>;

/**
 * Reads the text of a keys file.
 *
 * @throws {ConfigError} for a file that is broken in any part. The message quotes nothing of the
 * file: somebody may have written a key into it
 */
export function parseKeysFile(text: string): ApiKeys {
  if (text.length > MAX_KEYS_FILE_BYTES) refuse(`has more than ${MAX_KEYS_FILE_BYTES} bytes`);
  const { data, error } = FileSchema.safeParse(parseJson(text));
  if (error !== undefined) {
    const path = error.issues[0]!.path.filter((part) => part !== "").map(String).join(".");
    return refuse(
      `is wrong${path === "" ? "" : ` at ${path}`}: "deno task key new" prints an entry`,
    );
  }
  const keys = new Map(data.keys.map((entry) => [entry.id, entry]));
  if (keys.size < data.keys.length) refuse("has two keys with the same id");
  return keys;
}

const ListSchema = z.object({
  keys: z.array(z.object({ id: z.string() }).catch({ id: "" })).max(MAX_KEYS),
});

/**
 * Returns the ids that a broken file lists, or undefined when the file has no list. A key that
 * somebody has taken out must not work because another entry is wrong.
 */
export function listedIds(text: string): ReadonlySet<string> | undefined {
  try {
    return new Set(ListSchema.parse(JSON.parse(text)).keys.map(({ id }) => id));
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refuse("is not valid JSON");
  }
}

function refuse(reason: string): never {
  throw new ConfigError(`API_KEYS_PATH: the file ${reason}`);
}
