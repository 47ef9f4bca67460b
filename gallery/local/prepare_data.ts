/** Prepares the data of a gallery service on a laptop, before the service starts. */

import { dirname, join } from "node:path";
import { ConfigError } from "../../shared/env.ts";
import { describeError } from "../../shared/log.ts";
import { openStore } from "../store/open_store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../store/template_keys.ts";
import { importSamplePeople } from "./sample_people.ts";

/** Files of the data of a local gallery service. */
export interface LocalData {
  /** Folder of the SQLite database. */
  readonly store: string;
  /** Path of the file with the keys that encrypt templates. */
  readonly templateKeys: string;
  /** Path of the sample gallery. */
  readonly samples: string;
}

/**
 * Makes the folder and the template keys at the first start, and brings the sample people into the
 * store. A keys file is never overwritten, and never made for a database that exists.
 *
 * @throws {ConfigError} when the folder cannot be used, or the keys are lost
 * @throws {GalleryError} when the sample gallery is not a gallery
 * @throws {StoreUnavailable} when the database fails
 */
export async function prepareData({ store, templateKeys, samples }: LocalData): Promise<void> {
  await makeFolder(dirname(templateKeys));
  const keys = parseTemplateKeys(await readOrMakeKeys(templateKeys, store));
  const json = await readIfPresent(samples);
  if (json === undefined) return;
  await using opened = await openStore(store, { keys });
  await importSamplePeople(opened, json);
}

async function makeFolder(path: string): Promise<void> {
  try {
    // A folder that exists keeps its mode: it may have other files. Ours are private themselves.
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new ConfigError(`The folder ${path} cannot be used (${describeError(cause)})`, { cause });
  }
}

async function readOrMakeKeys(path: string, store: string): Promise<string> {
  const present = await readIfPresent(path);
  if (present !== undefined) return present;
  if (await hasDatabase(store)) {
    throw new ConfigError(
      `The template keys ${path} are missing, and the users in ${store} are encrypted with them. ` +
        "Put the keys back from a backup, or move the folder away to begin without users",
    );
  }
  const keys = makeTemplateKey();
  // A start that is interrupted here leaves no incomplete file.
  const temporary = join(dirname(path), `.${crypto.randomUUID()}`);
  {
    using file = await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 });
    const bytes = new TextEncoder().encode(keys);
    for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
    await file.sync();
  }
  await Deno.rename(temporary, path);
  return keys;
}

async function hasDatabase(store: string): Promise<boolean> {
  try {
    return (await Deno.stat(join(store, "gallery.db"))).size > 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new ConfigError(`The file ${path} cannot be read (${describeError(error)})`, {
      cause: error,
    });
  }
}
