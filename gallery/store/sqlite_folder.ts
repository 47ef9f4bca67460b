/** The folder of a SQLite database: private to its owner, and locked by one process. */

import { join } from "node:path";
import { ConfigError } from "../../shared/env.ts";
import { describeError } from "../../shared/log.ts";

/** A folder that this process alone may use. Disposing of it unlocks the folder. */
export interface LockedFolder extends Disposable {
  /** Path of the database file. It exists, and only its owner may read it. */
  readonly databasePath: string;
  /** Path of the file of disk_reserve.ts. It may be missing. */
  readonly reservePath: string;
}

/** Error for a folder that another process uses. */
export class FolderInUse extends ConfigError {}

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const OTHERS = 0o077;

/**
 * Makes the folder and the database file where they are missing, and locks the folder. The lock ends
 * with the process, also when the process is killed.
 *
 * @throws {FolderInUse} when another process has the folder
 * @throws {ConfigError} when it cannot be written, or when accounts other than the owner may read it
 * and this cannot be changed: it has another owner, or files of other programs
 */
export function lockFolder(folder: string): LockedFolder {
  let lock: Deno.FsFile;
  const databasePath = join(folder, "gallery.db");
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    makeFolderPrivate(folder);
    lock = openPrivate(join(folder, "gallery.lock"));
  } catch (cause) {
    throw cause instanceof ConfigError ? cause : unusable(folder, cause);
  }
  try {
    if (!lock.tryLockSync(true)) {
      throw new FolderInUse(
        `The gallery's folder ${folder} is used by another process: only one may use it`,
      );
    }
    openPrivate(databasePath).close();
  } catch (cause) {
    lock.close();
    throw cause instanceof ConfigError ? cause : unusable(folder, cause);
  }
  const reservePath = join(folder, "gallery.reserve");
  return { databasePath, reservePath, [Symbol.dispose]: () => lock.close() };
}

/** Opens a file for writing. SQLite gives its other files the mode of the database file. */
function openPrivate(path: string): Deno.FsFile {
  const file = Deno.openSync(path, { read: true, write: true, create: true, mode: FILE_MODE });
  try {
    if (!isPrivate(path)) Deno.chmodSync(path, FILE_MODE);
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

/** Takes no rights away from a folder of other programs, such as /tmp. */
function makeFolderPrivate(folder: string): void {
  if (isPrivate(folder)) return;
  for (const { name } of Deno.readDirSync(folder)) {
    // A new file system has lost+found.
    if (name.startsWith("gallery.") || name === "lost+found") continue;
    throw new ConfigError(
      `The gallery's folder ${folder} has other files, and other accounts may read it: name a ` +
        "folder for the gallery alone",
    );
  }
  Deno.chmodSync(folder, FOLDER_MODE);
}

function isPrivate(path: string): boolean {
  const { mode } = Deno.statSync(path);
  // On Windows there is no mode.
  return mode === null || (mode & OTHERS) === 0;
}

const unusable = (folder: string, cause: unknown): ConfigError =>
  new ConfigError(`The gallery's folder ${folder} cannot be used (${describeError(cause)})`, {
    cause,
  });
