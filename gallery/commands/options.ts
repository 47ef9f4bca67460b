/** Reads the command line of `deno task gallery`. */

import { parseArgs } from "node:util";
import { COLLECTION } from "../../api/callers/scopes.ts";
import { describeArgumentError } from "../../shared/argument_error.ts";

/** One line that shows how to call the command. */
export const GALLERY_USAGE =
  "Usage: deno task gallery import FILE… | export FILE | backup FOLDER | forget | verify-store | audit verify";

/** Text of `--help`. */
export const GALLERY_HELP = `${GALLERY_USAGE}

Works on the store of the gallery service: users, with their templates.

  import FILE…   stores the users of gallery files (deno task enroll makes them) and of exported
                 files; - is standard input. Each file is imported once, so that users who were
                 deleted since do not come back. An import that was interrupted continues. Nothing
                 is imported when one of the files is bad, or when a user would have more than
                 1,000 templates. A user who is there already gets the name of the file
  export FILE    writes everything that is needed to move the users into another store. FILE has
                 biometric data that is not encrypted: delete it after the import
  backup FOLDER  copies a SQLite database, also while the service runs. FOLDER can be used as
                 GALLERY_STORE. With - instead of FOLDER, the copy goes to standard output. The
                 template keys are not copied: without them nobody can read the copy, so keep them in
                 another place. For PostgreSQL, use pg_dump
  forget         deletes again, from a restored backup, what was deleted after the backup. --log FILE
                 has the log of the service since the backup; - is standard input. --before STORE is
                 the store from before the restore, if it can still be read. Both may be given
  verify-store   decrypts every template and checks everything that is stored
  audit verify   checks that nobody has changed the audit. --checkpoints FILE has the log of the
                 service, which somebody else should keep; - is standard input

  --collection C  import: the collection that the users are stored in, without it "default" or
                  the collections of an exported file. export: the only collection to export
  --model SHA256  import: the recognition model of a gallery file that does not name one
  --checkpoints FILE  audit verify: lines of the log of all replicas of the gallery service
  --log FILE      forget: lines of the log of all replicas of the gallery service
  --before STORE  forget: folder of SQLite, or postgres://user:password@host/database
  --again         import: import everybody in the files, also from a file that was imported before

The store is the one of "deno task start". These variables name another one:

  GALLERY_STORE       folder of SQLite, or postgres://user:password@host/database
  TEMPLATE_KEYS_PATH  file with its template keys
  DATA_DIR            folder with both, as "deno task start" has them

While a service uses a SQLite folder, only backup and audit verify work. With PostgreSQL, all commands do.

Exit code: 0 on success; 1 when an error stops the command, or verify-store or audit verify finds a
fault; 2 when the command line is wrong.`;

/** A command and its options. */
export type GalleryCommand =
  | {
    readonly command: "import";
    readonly files: readonly string[];
    readonly collection: string | undefined;
    readonly model: string | undefined;
    readonly again: boolean;
  }
  | {
    readonly command: "export";
    readonly file: string;
    readonly collection: string | undefined;
  }
  | { readonly command: "backup"; readonly folder: string }
  | {
    readonly command: "forget";
    readonly log: string | undefined;
    readonly before: string | undefined;
  }
  | { readonly command: "verify-store" }
  | { readonly command: "audit verify"; readonly checkpoints: string };

/**
 * Reads the command line.
 *
 * @returns The command, "help" when the user asks for it, or a sentence without a period that says
 * what is wrong
 */
export function readGalleryCommand(
  args: string[],
): GalleryCommand | { readonly wrong: string } | "help" {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        collection: { type: "string" },
        model: { type: "string" },
        checkpoints: { type: "string" },
        log: { type: "string" },
        before: { type: "string" },
        again: { type: "boolean", default: false },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    return { wrong: describeArgumentError(error) };
  }
  const {
    values: { collection, model, again, checkpoints, log, before, help },
    positionals: [command, ...paths],
  } = parsed;
  if (help) return "help";
  if (collection !== undefined && !COLLECTION.test(collection)) {
    return { wrong: "--collection must have 1 to 63 lower-case letters, digits, _ and -" };
  }
  if (model !== undefined && !/^[0-9a-f]{64}$/.test(model)) {
    return { wrong: "--model must be a sha256 in lower-case hexadecimal" };
  }
  if (model !== undefined && command !== "import") return { wrong: "--model is only for import" };
  if (collection !== undefined && command !== "import" && command !== "export") {
    return { wrong: "--collection is only for import and export" };
  }
  if (checkpoints !== undefined && command !== "audit") {
    return { wrong: "--checkpoints is only for audit verify" };
  }
  if ((log ?? before) !== undefined && command !== "forget") {
    return { wrong: "--log and --before are only for forget" };
  }
  if (again && command !== "import") return { wrong: "--again is only for import" };
  if (paths.indexOf("-") !== paths.lastIndexOf("-")) {
    return { wrong: "Standard input can be imported once" };
  }
  if (paths.includes("")) return { wrong: "A path is empty" };
  const [path] = paths;
  switch (command) {
    case "import":
      if (path === undefined) return { wrong: "import needs at least one FILE" };
      return { command, files: paths, collection, model, again };
    case "export":
      if (path === undefined || paths.length > 1) return { wrong: "export needs one FILE" };
      return { command, file: path, collection };
    case "backup":
      if (path === undefined || paths.length > 1) return { wrong: "backup needs one FOLDER" };
      return { command, folder: path };
    case "forget":
      if (path !== undefined) return { wrong: "forget needs no path" };
      if (!log && !before) return { wrong: "forget needs --log FILE or --before STORE" };
      return { command, log: log || undefined, before: before || undefined };
    case "verify-store":
      if (path !== undefined) return { wrong: "verify-store needs no path" };
      return { command };
    case "audit":
      if (path !== "verify" || paths.length > 1) return { wrong: "audit needs the word verify" };
      if (!checkpoints) return { wrong: "audit verify needs --checkpoints FILE" };
      return { command: "audit verify", checkpoints };
    default:
      return {
        wrong: "The command is import, export, backup, forget, verify-store or audit verify",
      };
  }
}
