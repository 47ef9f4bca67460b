/** Makes folders that are removed at the end of a test. */

import { dirname, join } from "node:path";

/** Content of a file. */
export type FileContent = string | Uint8Array;

/** A temporary folder. Disposing of it removes the folder and everything in it. */
export interface TemporaryFolder extends AsyncDisposable {
  /** Absolute path of the folder. */
  readonly root: string;
  /** Returns the path of a file in the folder. The file need not exist. */
  path(name: string): string;
  /** Writes a file and the folders that its path needs. Returns the absolute path. */
  write(name: string, content: FileContent): Promise<string>;
}

/**
 * Makes a temporary folder.
 *
 * @param files Content of the files to write first, by the name of each file
 */
export async function temporaryFolder(
  files: Readonly<Record<string, FileContent>> = {},
): Promise<TemporaryFolder> {
  const root = await Deno.makeTempDir();
  const folder: TemporaryFolder = {
    root,
    path: (name) => join(root, name),
    async write(name, content) {
      const path = join(root, name);
      await Deno.mkdir(dirname(path), { recursive: true });
      if (typeof content === "string") await Deno.writeTextFile(path, content);
      else await Deno.writeFile(path, content);
      return path;
    },
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
  for (const [name, content] of Object.entries(files)) await folder.write(name, content);
  return folder;
}
