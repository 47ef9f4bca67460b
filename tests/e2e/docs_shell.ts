/** Runs commands of docs/operations.md for a release of a test. */

import { assert } from "@std/assert";
import { sectionCommands } from "../support/readme_commands.ts";
import { openReadmeShell, type ReadmeShell } from "../support/readme_shell.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import type { Release } from "./release.ts";

/** A shell for the commands. */
export interface DocsShell extends AsyncDisposable, Pick<ReadmeShell, "run"> {
  /** Runs the commands below a heading, except those that match. */
  runSection(heading: string, except?: RegExp): Promise<void>;
}

/**
 * Opens a shell. The names of the default release are replaced by those of `release`, and files by
 * files of a temporary folder.
 *
 * @param others More names, each with its value
 */
export async function openDocsShell(
  { release, worker }: Release,
  others: readonly [name: RegExp, value: string][] = [],
): Promise<DocsShell> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await temporaryFolder());
  const shell = opened.use(
    await openReadmeShell(folder.root, {
      others: [
        ...others,
        // A signal, not a placeholder.
        [/\bTERM\b/g, "TERM"],
        [/\bface-it-workers\b/g, worker],
        [/\bface-it-(gallery|template-keys)\b/g, `${release}-$1`],
        [
          /(?<=[ =])(template-keys(?:-before|-both)?|gallery\.db|copy)(?=$|[ /])/g,
          folder.path("$1"),
        ],
      ],
    }),
  );
  const stack = opened.move();
  return {
    run: (command) => shell.run(command),
    async runSection(heading, except) {
      const commands = await sectionCommands("docs/operations.md", heading);
      assert(commands.length > 0, heading);
      for (const command of commands) {
        if (!except?.test(command)) await shell.run(command);
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
