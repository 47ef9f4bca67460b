/** Makes the temporary folders into which pip writes a wheel. */

import { join } from "node:path";

const PREFIX = ".wheel-";
/** File in each of these folders that is locked while the folder is in use. */
const LOCK = "lock";

/** A temporary folder. Disposing of it removes it. */
export interface WheelFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes a temporary folder in a folder. It is in use until it is disposed of or this process ends. */
export async function makeWheelFolder(parent: string): Promise<WheelFolder> {
  const path = await Deno.makeTempDir({ dir: parent, prefix: PREFIX });
  const lock = await Deno.open(join(path, LOCK), { write: true, createNew: true });
  await lock.lock(true);
  return {
    path,
    async [Symbol.asyncDispose]() {
      lock.close();
      await Deno.remove(path, { recursive: true });
    },
  };
}

/**
 * Removes the temporary folders of processes that were killed. The operating system ends the lock of
 * a process that ends, so a folder whose file is not locked is in use no more. A folder without this
 * file stays: another process may have made it just now.
 */
export async function removeLeftWheelFolders(parent: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(parent)) {
    if (!isDirectory || !name.startsWith(PREFIX)) continue;
    const path = join(parent, name);
    if (await isLeft(path)) await Deno.remove(path, { recursive: true });
  }
}

async function isLeft(path: string): Promise<boolean> {
  try {
    using lock = await Deno.open(join(path, LOCK), { write: true });
    return await lock.tryLock(true);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
