/** The file with the template keys of a store on this machine. */

import { dirname, join } from "node:path";
import { ConfigError } from "../../shared/env.ts";
import { describeError } from "../../shared/log.ts";
import { readTemplateKeys } from "../open_gallery.ts";
import { makeTemplateKey, type TemplateKeys } from "../../shared/template_keys.ts";

/**
 * Reads the keys. Makes the file when there is no database yet. A keys file is never overwritten, and
 * never made for a database that exists.
 *
 * @param path Path of the file
 * @param store Folder of the SQLite database
 * @throws {ConfigError} when the folder cannot be used, the keys are lost, or the file is bad
 */
export async function readOrMakeTemplateKeys(path: string, store: string): Promise<TemplateKeys> {
  if (!await exists(path)) {
    if (await hasDatabase(store)) {
      throw new ConfigError(
        `The template keys ${path} are missing, and the users in ${store} are encrypted with ` +
          "them. Put the keys back from a backup, or move the folder away to begin without users",
      );
    }
    try {
      await makeKeysFile(path);
    } catch (cause) {
      if (cause instanceof ConfigError) throw cause;
      throw new ConfigError(`The template keys ${path} cannot be made (${describeError(cause)})`, {
        cause,
      });
    }
  }
  return await readTemplateKeys(path);
}

/** True when a folder has a SQLite database. */
export async function hasDatabase(store: string): Promise<boolean> {
  try {
    return (await Deno.stat(join(store, "gallery.db"))).size > 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw new ConfigError(
      `The gallery's folder ${store} cannot be used (${describeError(error)})`,
      {
        cause: error,
      },
    );
  }
}

async function makeKeysFile(path: string): Promise<void> {
  // A folder that exists keeps its mode: it may have other files. Ours are private themselves.
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // A start that is interrupted here leaves no incomplete file.
  const temporary = join(dirname(path), `.${crypto.randomUUID()}`);
  try {
    {
      using file = await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 });
      const bytes = new TextEncoder().encode(makeTemplateKey());
      for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
      await file.sync();
    }
    // A link, unlike a renamed file, does not replace keys that another process made meanwhile.
    await Deno.link(temporary, path);
  } finally {
    await Deno.remove(temporary).catch(() => {});
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw new ConfigError(`The template keys ${path} cannot be read (${describeError(error)})`, {
      cause: error,
    });
  }
}
