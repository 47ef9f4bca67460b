/** Lets only one process at a time change a gallery file. */

import { basename, dirname, join } from "node:path";
import { GalleryError } from "../../gallery/gallery_entry.ts";

/** Waiting for another process. Tests give functions of their own. */
export interface LockWaiting {
  /** Milliseconds to wait at most. */
  readonly timeoutMs: number;
  /** Milliseconds between two tries. */
  readonly retryMs: number;
  /** Tells the user that the command waits. Called at most once. */
  readonly tell: (line: string) => void;
  /** Waits. */
  readonly sleep: (ms: number) => Promise<void>;
}

const WAITING: LockWaiting = {
  timeoutMs: 60_000,
  retryMs: 100,
  tell: (line) => console.error(line),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * Locks a gallery file, for the time from reading it to writing it. Waits while another process has
 * the lock. The operating system ends the lock when its process ends, also when it is killed.
 *
 * The lock is on a file next to the gallery. The name of this file begins with a dot. The gallery file
 * itself cannot be locked: each writing replaces it by another file.
 *
 * @param path Path of the gallery file, which need not exist
 * @param waiting Time limit, and what happens during the wait
 * @returns Ends the lock when it is disposed of
 * @throws {GalleryError} when another process has the lock for too long; when the folder does not
 * exist, or no file can be made in it
 */
export async function lockGallery(
  path: string,
  waiting: LockWaiting = WAITING,
): Promise<AsyncDisposable> {
  const lockPath = await findLockPath(path);
  for (let waitedMs = 0;; waitedMs += waiting.retryMs) {
    const lock = await tryLock(path, lockPath);
    if (lock !== undefined) return lock;
    if (waitedMs >= waiting.timeoutMs) {
      throw new GalleryError(
        `The gallery ${path} has been in use by another command for more than ` +
          `${waiting.timeoutMs / 1000} seconds. Nothing was written; try again later`,
      );
    }
    if (waitedMs === 0) waiting.tell(`Waiting for another command that writes ${path} …`);
    await waiting.sleep(waiting.retryMs);
  }
}

/** Two paths of the same file, for example through a link, have the same lock. */
async function findLockPath(path: string): Promise<string> {
  try {
    const target = await Deno.realPath(path).catch(async (error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return join(await Deno.realPath(dirname(path)), basename(path));
    });
    return join(dirname(target), `.${basename(target)}.lock`);
  } catch (cause) {
    throw cannotLock(path, cause);
  }
}

/** Returns the lock, undefined when another process has it. */
async function tryLock(path: string, lockPath: string): Promise<AsyncDisposable | undefined> {
  await using opened = new AsyncDisposableStack();
  try {
    const file = await Deno.open(lockPath, { read: true, write: true, create: true, mode: 0o600 });
    opened.defer(() => file.close());
    if (!await file.tryLock(true)) return undefined;
    // The earlier owner removes the file at the end. A lock on a removed file excludes nobody.
    if (!await isAt(file, lockPath)) return undefined;
  } catch (cause) {
    throw cannotLock(path, cause);
  }
  // Runs before the file is closed, so while the lock is still held. Windows does not remove an
  // open file: there the lock file stays, which does no harm.
  opened.defer(() => Deno.remove(lockPath).catch(() => {}));
  return opened.move();
}

async function isAt(file: Deno.FsFile, path: string): Promise<boolean> {
  const [own, present] = await Promise.all([
    file.stat(),
    Deno.stat(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }),
  ]);
  return present !== undefined && own.ino === present.ino && own.dev === present.dev;
}

function cannotLock(path: string, cause: unknown): GalleryError {
  if (cause instanceof Deno.errors.NotFound) {
    return new GalleryError(`The folder of the gallery ${path} does not exist`, { cause });
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new GalleryError(`The gallery ${path} cannot be written: ${why}`, { cause });
}
