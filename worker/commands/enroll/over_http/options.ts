/** Reads the command line of `deno task enroll --to URL`. */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeArgumentError } from "../../../../shared/argument_error.ts";
import type { PersonToEnrol } from "../enroll.ts";
import { checkText } from "../name_users.ts";
import { readServiceUrl } from "./service_url.ts";

/** One line that shows how to call the command. */
export const ENROLL_TO_USAGE =
  "Usage: deno task enroll --to URL [--key-file FILE] [OPTION…] [--from DIR | --user-id ID [--name NAME] PHOTO…]";

/** Lines of `--help` about this form of the command. */
export const ENROLL_TO_HELP = `${ENROLL_TO_USAGE.replace(" [OPTION…]", "\n ")}

Sends the photos to a running service, as they are, and to nobody else. The service makes and keeps
the templates. A user who is new gets the name; a user who is there keeps name and templates. The
photos of a user are sent in the order of their names, each after the answer to the one before. At
most half of the service's workers are used. Run the command again after an interruption: a photo
that is enrolled is not sent again.

  --to URL        https://HOST[:PORT], or http://localhost[:PORT] for a service on this machine
  --key-file FILE file with the caller's key, which only you can read (chmod 600), or "-" for
                  standard input. The key needs the scope enrol. With the scope admin, the command
                  asks the service which photos it still has, instead of trusting the journal
  --journal FILE  remembers which photos the service has accepted: checksums and ids, no pictures.
                  Default: DIR/.face-it-enrolled, and no journal without --from
  --allow-unencrypted
                  accept http:// for another machine. Everybody on the way can then see the photos
                  and the key

--from, --user-id, --name and --allow-lookalikes mean the same as above. --allow-lookalikes needs
the scope admin. Exit code: 0 on success; 1 when an error stops the command, when a user has no
template at the end, or when the service could not decide about a photo; 2 when the command line is
wrong.`;

/** Name of the journal in the folder of photos. A name that begins with a dot is no person. */
const JOURNAL_NAME = ".face-it-enrolled";

/** Options of the command. */
export interface EnrollToOptions {
  readonly url: URL;
  /** Path of the file with the key, or "-"; undefined without a key. */
  readonly keyFile: string | undefined;
  /** Path of the journal; undefined without one. */
  readonly journal: string | undefined;
  /** True to accept photos that match another user. */
  readonly allowLookalikes: boolean;
  /** Folder with a folder of photos for each person, or one person. */
  readonly source: { readonly from: string } | { readonly person: PersonToEnrol };
}

/** True when the command line asks for a service instead of a gallery file. */
export const asksForService = (args: readonly string[]): boolean =>
  args.some((arg) => arg === "--to" || arg.startsWith("--to="));

/**
 * Reads the command line.
 *
 * @returns The options, "help" when the user asks for it, or a sentence without a period that says
 * what is wrong
 */
export function readEnrollToOptions(args: string[]): EnrollToOptions | { wrong: string } | "help" {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        to: { type: "string" },
        "key-file": { type: "string" },
        journal: { type: "string" },
        from: { type: "string" },
        "user-id": { type: "string" },
        name: { type: "string" },
        "allow-unencrypted": { type: "boolean", default: false },
        "allow-lookalikes": { type: "boolean", default: false },
        gallery: { type: "string" },
        compact: { type: "boolean" },
        "allow-unclear": { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    return { wrong: describeArgumentError(error) };
  }
  const { values, positionals } = parsed;
  if (values.help) return "help";
  for (const name of ["gallery", "compact", "allow-unclear"] as const) {
    if (values[name] !== undefined) return { wrong: `--${name} cannot be used with --to URL` };
  }
  const { from, journal, "key-file": keyFile, "allow-lookalikes": allowLookalikes } = values;
  if (keyFile === "") return { wrong: "--key-file FILE is empty" };
  if (journal === "") return { wrong: "--journal FILE is empty" };
  const url = readServiceUrl(values.to ?? "", values["allow-unencrypted"]);
  if ("wrong" in url) return url;
  const source = readSource(from, values["user-id"], values.name, positionals);
  if ("wrong" in source) return source;
  return {
    url,
    keyFile,
    journal: journal ?? (from === undefined ? undefined : join(from, JOURNAL_NAME)),
    allowLookalikes,
    source,
  };
}

function readSource(
  from: string | undefined,
  userId: string | undefined,
  name: string | undefined,
  photos: readonly string[],
): EnrollToOptions["source"] | { wrong: string } {
  if (from !== undefined) {
    if (userId !== undefined || name !== undefined || photos.length > 0) {
      return { wrong: "--from DIR cannot be used with --user-id, --name or PHOTO" };
    }
    return from === "" ? { wrong: "--from DIR is empty" } : { from };
  }
  if (userId === undefined) return { wrong: "--from DIR or --user-id ID is missing" };
  if (photos.length === 0) return { wrong: "--user-id ID needs at least one PHOTO" };
  const fault = checkSentUser(userId, name);
  if (fault !== undefined) return { wrong: fault };
  return { person: { userId: userId.normalize("NFC"), name, photos: [...new Set(photos)] } };
}

/** Returns a sentence that says what is wrong with a user; undefined for one that can be sent. */
export function checkSentUser(userId: string, name: string | undefined): string | undefined {
  // These parts of a path never reach the service.
  if (userId === "." || userId === "..") return `The user_id "${userId}" cannot be sent over HTTP`;
  return checkText("user_id", userId) ??
    (name === undefined ? undefined : checkText("name", name));
}
