/** Runs a command that works on a folder of photos: `calibrate`, `accuracy`. */

import { parseArgs } from "node:util";
import { describeArgumentError } from "../../shared/argument_error.ts";
import { printable } from "./printable.ts";

/** A command with --from DIR, --help, other options with a value, and flags. */
export interface FolderCommand {
  /** One line that shows how to call the command. */
  readonly usage: string;
  /** Text of --help. */
  readonly help: string;
  /** Names of the other options with a value, without the dashes. */
  readonly options: readonly string[];
  /** Names of the options without a value, without the dashes (default: none). */
  readonly flags?: readonly string[];
  /** Folder to use when --from is missing. */
  readonly defaultFolder?: string | undefined;
  /** Classes of errors for which only the one-line message is printed. */
  // deno-lint-ignore no-explicit-any -- constructors may have any parameters
  readonly expectedErrors: readonly (new (...args: any[]) => Error)[];
  /** Does the work. `values` has the values of the options, `flags` the flags that are set. */
  readonly run: (
    folder: string,
    values: ReadonlyMap<string, string>,
    flags: ReadonlySet<string>,
  ) => Promise<void>;
}

/**
 * Runs the command.
 *
 * @returns The exit code: 0 on success, 1 after an expected error, 2 for a wrong command line
 * @throws any error of the command that is not an expected one
 */
export async function runFolderCommand(args: string[], command: FolderCommand): Promise<number> {
  const options = readOptions(args, command);
  if (typeof options === "string") {
    console.error(`${options}. ${command.usage}`);
    return 2;
  }
  if (options.help) {
    console.log(command.help);
    return 0;
  }
  try {
    await command.run(options.from, options.values, options.flags);
    return 0;
  } catch (error) {
    if (!command.expectedErrors.some((expected) => error instanceof expected)) throw error;
    console.error(printable((error as Error).message));
    return 1;
  }
}

type Options =
  | { readonly help: true }
  | {
    readonly help: false;
    readonly from: string;
    readonly values: ReadonlyMap<string, string>;
    readonly flags: ReadonlySet<string>;
  };

/** Returns the options, or a sentence without a period that says what is wrong. */
function readOptions(
  args: string[],
  { options, flags = [], defaultFolder }: FolderCommand,
): Options | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        from: { type: "string" },
        help: { type: "boolean", short: "h" },
        ...Object.fromEntries(options.map((option) => [option, { type: "string" }] as const)),
        ...Object.fromEntries(flags.map((flag) => [flag, { type: "boolean" }] as const)),
      },
    }) as { values: { from?: string; help?: boolean } & Record<string, unknown> };
    if (values.help) return { help: true };
    const from = values.from || defaultFolder;
    if (!from) return "--from DIR is missing";
    const given = options.filter((option) => values[option] !== undefined);
    return {
      help: false,
      from,
      values: new Map(given.map((option) => [option, values[option] as string])),
      flags: new Set(flags.filter((flag) => values[flag])),
    };
  } catch (error) {
    return describeArgumentError(error);
  }
}
