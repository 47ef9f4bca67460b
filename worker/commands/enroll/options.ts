/** Reads the command line of `deno task enroll`. */

import { parseArgs } from "node:util";
import { describeArgumentError } from "../../../shared/argument_error.ts";
import type { PersonToEnrol } from "./enroll.ts";
import { checkText } from "./name_users.ts";

/** One line that shows how to call the command. */
export const ENROLL_USAGE =
  "Usage: deno task enroll --gallery FILE [OPTION…] [--from DIR | --user-id ID [--name NAME] PHOTO…]";

/** Text of `--help`. */
export const ENROLL_HELP = `${ENROLL_USAGE}

Makes templates of photos and writes them into a gallery file. Creates the file when it does not
exist. Other users in the file do not change. Each photo must show one face, upright and clearly.
A user's photos must show the same person: a photo is refused unless it is like more than half of
the templates that the user keeps or, without these, of the user's photos. A photo that matches
another user is refused. When both photos are new, both are.

  --gallery FILE  the gallery file
  --from DIR      a folder of photos for each user: DIR/<user_id>/<photo>. The user's name is the
                  name of the folder, with spaces instead of underscores. New templates replace
                  the user's existing ones
  --user-id ID    the user who gets the templates of PHOTO…
  --name NAME     the user's name; not needed when the user is already in the file
  --compact       write each new template in a compact form of 0.75 KB instead of 6 KB. Without
                  photos, rewrite all templates of the file in this form
  --allow-unclear accept faces that are blurred, dark or covered. Strangers may match them
  --allow-lookalikes
                  accept photos that match another user, for example of twins. Requests without a
                  user_id then answer ambiguous_match for both of them

Exit code: 0 on success; 1 when an error stops the command, when a user has no template at the end,
when a photo is refused as face_not_upright, face_unclear or not_the_same_person, or when a photo
matches another user; 2 when the command line is wrong.`;

/** Options of the command. Without `from` and `person`, the whole gallery is made compact. */
export interface EnrollOptions {
  /** Path of the gallery file. */
  readonly gallery: string;
  /** True to round templates to bytes. */
  readonly compact: boolean;
  /** True to accept faces that are unclear. */
  readonly allowUnclear: boolean;
  /** True to accept photos that match another user. */
  readonly allowLookalikes: boolean;
  /** Folder with a folder of photos for each person. */
  readonly from?: string;
  /** One person, instead of a folder. */
  readonly person?: PersonToEnrol;
}

/**
 * Reads the command line.
 *
 * @returns The options, "help" when the user asks for it, or a sentence without a period that says
 * what is wrong
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
        "allow-unclear": { type: "boolean", default: false },
        "allow-lookalikes": { type: "boolean", default: false },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    return { wrong: describeArgumentError(error) };
  }
  const { values, positionals: photos } = parsed;
  const { gallery, from, name, compact, help, "user-id": userId } = values;
  const { "allow-unclear": allowUnclear, "allow-lookalikes": allowLookalikes } = values;
  if (help) return "help";
  if (!gallery) return { wrong: "--gallery FILE is missing" };
  if (from !== undefined) {
    if (userId !== undefined || name !== undefined || photos.length > 0) {
      return { wrong: "--from DIR cannot be used with --user-id, --name or PHOTO" };
    }
    if (from === "") return { wrong: "--from DIR is empty" };
    return { gallery, compact, allowUnclear, allowLookalikes, from };
  }
  if (compact && userId === undefined && name === undefined && photos.length === 0) {
    return { gallery, compact, allowUnclear, allowLookalikes };
  }
  if (userId === undefined) return { wrong: "--from DIR or --user-id ID is missing" };
  if (photos.length === 0) return { wrong: "--user-id ID needs at least one PHOTO" };
  const fault = checkText("user_id", userId) ??
    (name === undefined ? undefined : checkText("name", name));
  if (fault !== undefined) return { wrong: fault };
  const person = { userId: userId.normalize("NFC"), name, photos };
  return { gallery, compact, allowUnclear, allowLookalikes, person };
}
