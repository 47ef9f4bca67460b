/** Reads the command line of `deno task key new`, and makes a key and its entry. */

import { parseArgs } from "node:util";
import { describeArgumentError } from "../../../shared/argument_error.ts";
import { COLLECTION, DEFAULT_COLLECTION, type Scope, SCOPES } from "../scopes.ts";
import { makeApiKey } from "./api_key.ts";
import { type KeyEntryText, MAX_KEY_NAME_LENGTH, MAX_RATE_PER_MINUTE } from "./keys_file.ts";

/** One line that shows how to call the command. */
export const KEY_USAGE = "Usage: deno task key new --scope SCOPE… [OPTION…]";

/** Text of `--help`. */
export const KEY_HELP = `${KEY_USAGE}

Makes a random key for a caller. Prints the key on standard error, and the key's entry for the keys
file (API_KEYS_PATH) on standard output. The entry has a hash of the key, not the key itself.

  --scope SCOPE    what the caller may do: ${SCOPES.join(", ")}. Can be given more than once
  --name NAME      tells people whose key it is. Default: the id of the key
  --collection C   collection of users that the caller acts in. Default: ${DEFAULT_COLLECTION}
  --rate N/min     number of requests that the caller may send to a replica in a minute
  --expires D      end of the key's validity: a number of days such as 90d, or a time such as
                   2030-12-31 or 2030-12-31T12:00:00Z (UTC)
  --enforce CHECK  liveness or quality: refuses faces that fail the check, also when the setting of the
                   service only observes it. Can be given more than once

Exit code: 0 on success, 2 when the command line is wrong.`;

/** Options of the command. */
export interface KeyOptions {
  readonly scopes: readonly [Scope, ...Scope[]];
  readonly name?: string;
  readonly collection: string;
  readonly ratePerMinute?: number;
  /** ISO 8601, in UTC. */
  readonly expires?: string;
  /** Checks that the key enforces. */
  readonly enforce?: readonly Check[];
}

const CHECKS = ["liveness", "quality"] as const;
type Check = typeof CHECKS[number];

const DAY_MS = 24 * 60 * 60 * 1000;
const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}Z)?$/;

/**
 * Reads the command line.
 *
 * @param nowMs Milliseconds since 1970
 * @returns The options, "help" when the user asks for it, or a sentence without a period that says
 * what is wrong
 */
export function readKeyOptions(
  args: string[],
  nowMs: number,
): KeyOptions | { readonly wrong: string } | "help" {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        scope: { type: "string", multiple: true, default: [] },
        name: { type: "string" },
        collection: { type: "string", default: DEFAULT_COLLECTION },
        rate: { type: "string" },
        expires: { type: "string" },
        enforce: { type: "string", multiple: true, default: [] },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    return { wrong: describeArgumentError(error) };
  }
  const { values, positionals } = parsed;
  if (values.help) return "help";
  if (positionals.length !== 1 || positionals[0] !== "new") {
    return { wrong: 'The command is "new"' };
  }
  const [first, ...others] = new Set(values.scope.flatMap((text) => text.split(",")));
  const scopes = [first, ...others];
  if (first === undefined || !scopes.every(isScope)) {
    return { wrong: `--scope must be one of ${SCOPES.join(", ")}` };
  }
  if (!COLLECTION.test(values.collection)) {
    return { wrong: "--collection must have 1 to 63 lower-case letters, digits, _ and -" };
  }
  const { name, rate, expires } = values;
  if (name !== undefined && (name === "" || name.length > MAX_KEY_NAME_LENGTH)) {
    return { wrong: `--name must have 1 to ${MAX_KEY_NAME_LENGTH} characters` };
  }
  const perMinute = rate === undefined ? undefined : readRate(rate);
  if (rate !== undefined && perMinute === undefined) {
    return { wrong: `--rate must be 1/min to ${MAX_RATE_PER_MINUTE}/min` };
  }
  const end = expires === undefined ? undefined : readEnd(expires, nowMs);
  if (expires !== undefined && end === undefined) {
    return { wrong: "--expires must be a time in the future, such as 90d or 2030-12-31" };
  }
  const { enforce } = values;
  if (!enforce.every(isCheck)) return { wrong: `--enforce must be ${CHECKS.join(" or ")}` };
  return {
    scopes: scopes as [Scope, ...Scope[]],
    collection: values.collection,
    ...name !== undefined && { name },
    ...perMinute !== undefined && { ratePerMinute: perMinute },
    ...end !== undefined && { expires: end },
    ...enforce.length > 0 && { enforce },
  };
}

/** Makes a random key and its entry for the keys file. */
export function newKey(options: KeyOptions): { key: string; entry: KeyEntryText } {
  const { id, text, sha256 } = makeApiKey();
  const { scopes, name = id, collection, ratePerMinute, expires, enforce = [] } = options;
  return {
    key: text,
    entry: {
      id,
      name,
      sha256,
      scopes: [...scopes],
      collection,
      ...ratePerMinute !== undefined && { rate_per_minute: ratePerMinute },
      ...expires !== undefined && { expires },
      ...enforce.includes("liveness") && { liveness: "enforce" as const },
      ...enforce.includes("quality") && { quality: "enforce" as const },
    },
  };
}

function isCheck(text: string): text is Check {
  return CHECKS.some((check) => check === text);
}

function isScope(text: string | undefined): text is Scope {
  return SCOPES.some((scope) => scope === text);
}

function readRate(text: string): number | undefined {
  const rate = Number(/^(\d{1,7})\/min$/.exec(text)?.[1]);
  return rate >= 1 && rate <= MAX_RATE_PER_MINUTE ? rate : undefined;
}

function readEnd(text: string, nowMs: number): string | undefined {
  const [, days] = /^(\d{1,5})d$/.exec(text) ?? [];
  const endMs = days !== undefined
    ? nowMs + Number(days) * DAY_MS
    : DATE.test(text)
    ? Date.parse(text)
    : NaN;
  if (!(endMs > nowMs)) return undefined;
  const end = new Date(endMs).toISOString();
  // 31 February would become 3 March.
  return days !== undefined || end.startsWith(text.slice(0, 10)) ? end : undefined;
}
