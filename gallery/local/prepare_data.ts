/** Prepares the data of a gallery service on a laptop, before the service starts. */

import { ConfigError } from "../../shared/env.ts";
import { describeError } from "../../shared/log.ts";
import { isPostgres } from "../../shared/local_store.ts";
import { readTemplateKeys } from "../open_gallery.ts";
import { openStore } from "../store/open_store.ts";
import { importSamplePeople } from "./sample_people.ts";
import { readOrMakeTemplateKeys } from "./template_keys_file.ts";

/** Files of the data of a local gallery service. */
export interface LocalData {
  /** Folder of SQLite, or URL of PostgreSQL. */
  readonly store: string;
  /** Path of the file with the keys that encrypt templates. */
  readonly templateKeys: string;
  /** Path of the sample gallery. undefined: there are no sample people. */
  readonly samples: string | undefined;
}

/**
 * Makes the folder and the template keys at the first start with SQLite, and brings the sample people
 * into the store.
 *
 * @throws {ConfigError} when the folder cannot be used, or the keys are lost
 * @throws {GalleryError} when the store is new and the sample gallery is not a gallery
 * @throws {StoreUnavailable} when the database fails
 */
export async function prepareData({ store, templateKeys, samples }: LocalData): Promise<void> {
  const keys = isPostgres(store)
    ? await readTemplateKeys(templateKeys)
    : await readOrMakeTemplateKeys(templateKeys, store);
  const json = samples === undefined ? undefined : await readIfPresent(samples);
  if (json === undefined) return;
  await using opened = await openStore(store, { keys });
  await importSamplePeople(opened, json);
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
