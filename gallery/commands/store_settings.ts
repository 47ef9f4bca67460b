/** The store that a command uses. */

import { ConfigError } from "../../shared/env.ts";
import { isPostgres, type StoreSettings } from "../../shared/local_store.ts";
import { hasDatabase, readOrMakeTemplateKeys } from "../local/template_keys_file.ts";
import { readTemplateKeys } from "../open_gallery.ts";
import { openStore } from "../store/open_store.ts";
import { FolderInUse } from "../store/sqlite_folder.ts";
import type { GalleryStore } from "../store/store.ts";
import type { TemplateKeys } from "../../shared/template_keys.ts";

/**
 * Opens the store for a command.
 *
 * @param mayCreate True to make a new store, with new keys, where there is none; with
 * `requireConsent`, nobody without a consent gets templates
 * @throws {ConfigError} when there is no store, when a service has it, or when it cannot be used
 * @throws {StoreUnavailable} when the database is away
 */
export async function openStoreForCommand(
  settings: StoreSettings,
  { mayCreate, requireConsent = false }: {
    readonly mayCreate: boolean;
    readonly requireConsent?: boolean;
  },
): Promise<GalleryStore> {
  const keys = await readKeysForCommand(settings, { mayCreate });
  return await explainFolderInUse(() => openStore(settings.location, { keys, requireConsent }));
}

/**
 * Reads the template keys of a store.
 *
 * @throws {ConfigError} when there is no store, or the keys cannot be read or are bad
 */
export async function readKeysForCommand(
  { location, templateKeys }: StoreSettings,
  { mayCreate }: { readonly mayCreate: boolean },
): Promise<TemplateKeys> {
  if (isPostgres(location)) return await readTemplateKeys(templateKeys);
  if (mayCreate) return await readOrMakeTemplateKeys(templateKeys, location);
  await refuseMissingDatabase(location);
  return await readTemplateKeys(templateKeys);
}

/** @throws {ConfigError} when a folder has no database */
export async function refuseMissingDatabase(folder: string): Promise<void> {
  if (!await hasDatabase(folder)) {
    throw new ConfigError(`There is no gallery in the folder ${folder}`);
  }
}

/** Calls `open`, and says what to do when a service has the folder. */
export async function explainFolderInUse<Result>(open: () => Promise<Result>): Promise<Result> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof FolderInUse)) throw error;
    throw new ConfigError(`${error.message}. Stop the service first`, { cause: error });
  }
}
