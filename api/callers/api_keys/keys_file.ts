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
  // A key can only be stricter than the settings.
  liveness: z.literal("enforce").optional(),
  quality: z.literal("enforce").optional(),
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
 * @param judgesLiveness True when faces can be refused for their liveness
 * @throws {ConfigError} for a file that is broken in any part. The message quotes nothing of the
 * file: somebody may have written a key into it
 */
export function parseKeysFile(text: string, judgesLiveness = true): ApiKeys {
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
  if (!judgesLiveness && data.keys.some(({ liveness }) => liveness === "enforce")) {
    refuse("has a key that enforces liveness: set LIVENESS=observe and LIVENESS_THRESHOLD");
  }
  return keys;
}

const ListSchema = z.object({ keys: z.array(z.unknown()) });
const PartSchema = z.looseObject({ id: z.string(), sha256: z.string() });

/**
 * Returns the keys that stay in use while the file is broken: the last good keys that the broken file
 * still lists. A key that somebody has taken out, narrowed or replaced must not work because another
 * entry is wrong.
 *
 * An entry without an error counts as it is now. For an entry with an error, or an id that is there
 * twice, the last good entry counts, unless the hash has changed.
 *
 * @returns undefined when the file has no list
 */
export function keysOfBrokenFile(text: string, lastGood: ApiKeys): ApiKeys | undefined {
  let items;
  try {
    items = ListSchema.parse(JSON.parse(text)).keys;
  } catch {
    return undefined;
  }
  const parts = items.flatMap((item) => PartSchema.safeParse(item).data ?? []);
  const keys = new Map<string, KeyEntry>();
  for (const [id, known] of lastGood) {
    const same = parts.filter((part) => part.id === id);
    if (same.length === 0) continue;
    const entry = same.length === 1 ? EntrySchema.safeParse(same[0]).data : undefined;
    const isUnchanged = same.every(({ sha256 }) => sha256 === known.sha256.toHex());
    if (entry !== undefined || isUnchanged) keys.set(id, entry ?? known);
  }
  return keys;
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
