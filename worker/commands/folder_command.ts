/** A command that does something with the photographs of a folder: `calibrate`, `accuracy`. */

import { parseArgs } from "node:util";

/** What such a command is. */
export interface FolderCommand {
  /** One line. */
  readonly usage: string;
  /** What --help prints. */
  readonly help: string;
  /** The name of its one option beside --from. */
  readonly option: string;
  /** Stands for --from where that is not given. */
  readonly defaultFolder?: string | undefined;
  /** Errors whose message says all that a user needs. */
  // deno-lint-ignore no-explicit-any -- whatever they are constructed with
  readonly expectedErrors: readonly (new (...args: any[]) => Error)[];
  /** Does the work; `value` is that of the option. */
  readonly run: (folder: string, value: string | undefined) => Promise<void>;
}

/**
 * Runs the command.
 *
 * @returns The exit code: 0, 1 after an expected error, 2 for wrong arguments
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
    await command.run(options.from, options.value);
    return 0;
  } catch (error) {
    if (!command.expectedErrors.some((expected) => error instanceof expected)) throw error;
    console.error((error as Error).message);
    return 1;
  }
}

type Options =
  | { readonly help: true }
  | { readonly help: false; readonly from: string; readonly value: string | undefined };

/** The options, or what is wrong with them. */
function readOptions(args: string[], { option, defaultFolder }: FolderCommand): Options | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        from: { type: "string" },
        help: { type: "boolean", short: "h" },
        [option]: { type: "string" },
      },
    }) as { values: { from?: string; help?: boolean } & Record<string, string | undefined> };
    if (values.help) return { help: true };
    const from = values.from || defaultFolder;
    if (!from) return "--from DIR is missing";
    return { help: false, from, value: values[option] };
  } catch (error) {
    return error instanceof Error ? error.message.split(/\. |\n/)[0]! : String(error);
  }
}
