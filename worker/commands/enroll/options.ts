/** The command line of `deno task enroll`. */

import { parseArgs } from "node:util";
import type { PersonToEnrol } from "./enroll.ts";
import { textFault } from "./name_users.ts";

/** One line on how the command is called. */
export const ENROLL_USAGE =
  "Usage: deno task enroll --gallery FILE [--compact] [--from DIR | --user-id ID [--name NAME] PHOTO…]";

/** What `--help` says. */
export const ENROLL_HELP = `${ENROLL_USAGE}

Makes templates of photos, each with one face that it is clearly about, and keeps them in a gallery
file, which is made when it does not exist. All other users of the file stay as they are.

  --gallery FILE  the gallery file
  --from DIR      a folder DIR/<user_id> of photos for each user; its name, with spaces for
                  underscores, is the user's name; the templates replace the users' earlier ones
  --user-id ID    the user to whom the templates of PHOTO… are added
  --name NAME     the user's name; may be left out when the file has the user
  --compact       new templates take 0.75 KB each instead of 6; with no photos, all templates of
                  the file are rewritten so

Exit code: 0, or 1 when a user ends up with no template, or 2 for a wrong command line.`;

/** Whom to enrol, and where; nobody: the gallery as it is becomes compact. */
export interface EnrollOptions {
  readonly gallery: string;
  /** Whether templates are rounded to bytes. */
  readonly compact: boolean;
  /** A folder of people. */
  readonly from?: string;
  /** One person, in place of a folder. */
  readonly person?: PersonToEnrol;
}

/**
 * Reads the command line.
 *
 * @returns The options, "help" when they are asked for, or what is wrong in a sentence that has no
 * period
 */
export function readEnrollOptions(args: string[]): EnrollOptions | { wrong: string } | "help" {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        gallery: { type: "string" },
        from: { type: "string" },
        "user-id": { type: "string" },
        name: { type: "string" },
        compact: { type: "boolean", default: false },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { wrong: message.split(/\. |\n/)[0]! };
  }
  const { values, positionals: photos } = parsed;
  const { gallery, from, name, compact, help, "user-id": userId } = values;
  if (help) return "help";
  if (!gallery) return { wrong: "--gallery FILE is missing" };
  if (from !== undefined) {
    if (userId !== undefined || name !== undefined || photos.length > 0) {
      return { wrong: "--from DIR goes with no --user-id, --name or PHOTO" };
    }
    return from === "" ? { wrong: "--from DIR is empty" } : { gallery, compact, from };
  }
  if (compact && userId === undefined && name === undefined && photos.length === 0) {
    return { gallery, compact };
  }
  if (userId === undefined) return { wrong: "--from DIR or --user-id ID is missing" };
  if (photos.length === 0) return { wrong: "--user-id ID goes with at least one PHOTO" };
  const fault = textFault("user_id", userId) ??
    (name === undefined ? undefined : textFault("name", name));
  if (fault !== undefined) return { wrong: fault };
  return { gallery, compact, person: { userId, name, photos } };
}
