/** The command `deno task gallery import`. */

import { DEFAULT_COLLECTION } from "../../api/callers/scopes.ts";
import type { Progress } from "../../shared/progress.ts";
import { GalleryError, nameFileInErrors } from "../../worker/gallery/gallery_entry.ts";
import { isExportFile, readExportFile } from "../files/export_file.ts";
import { readGalleryFileUsers } from "../files/gallery_file_users.ts";
import { importInBatches } from "../files/import_in_batches.ts";
import { refuseLargeUsers } from "./refuse_large_users.ts";
import type { GalleryStore, NewUser } from "../store/store.ts";

/** Options of the import. */
export interface ImportOptions {
  /** Collection for all users. Without it, the one of an exported file, or the default one. */
  readonly collection: string | undefined;
  /** sha256 of the model of files that do not name one. */
  readonly model: string | undefined;
  readonly progress: Progress;
}

/** Result of an import. */
export interface ImportResult {
  readonly users: number;
  /** Number of templates that were not stored before. */
  readonly added: number;
}

/** Largest gallery file that can be read at once. */
const MAX_GALLERY_FILE_BYTES = 500_000_000;

/**
 * Stores the users of files. Reads all files before it stores the first user, so that a bad file
 * stops the import before it begins.
 *
 * @throws {GalleryError | ExportFileError} when a file cannot be read or is bad, or a user would have
 * too many templates
 * @throws {StoreUnavailable} when the database fails. The import can then be repeated
 */
export async function importFiles(
  store: GalleryStore,
  paths: readonly string[],
  options: ImportOptions,
): Promise<ImportResult> {
  const collections = new Map<string, string>();
  let users = 0;
  for (const path of paths) {
    for await (const user of readUsers(path, options)) {
      users++;
      refuseMixture(collections, user, path, options);
    }
  }
  await refuseLargeUsers(store, async function* () {
    for (const path of paths) yield* readUsers(path, options);
  });
  using task = options.progress.start("Importing", users, "users");
  let added = 0;
  for (const path of paths) {
    const own = await isExportFile(path);
    const source = own ? readUsers(path, options) : keepFields(store, readUsers(path, options));
    added += await importInBatches(store, source, (stored) => task.advance(stored));
  }
  task.end();
  return { users, added };
}

async function* readUsers(
  path: string,
  { collection, model }: ImportOptions,
): AsyncGenerator<NewUser & { readonly from?: string }> {
  if (await isExportFile(path)) {
    for await (const user of readExportFile(path)) {
      yield { ...user, from: user.collection, collection: collection ?? user.collection };
    }
    return;
  }
  const json = await readGallery(path);
  const users = nameFileInErrors(path, () => readGalleryFileUsers(json, model));
  for (const user of users) yield { ...user, collection: collection ?? DEFAULT_COLLECTION };
}

/** Two collections can have the same user_id for two people, so they must not become one. */
function refuseMixture(
  seen: Map<string, string>,
  { from }: { readonly from?: string },
  path: string,
  { collection }: ImportOptions,
): void {
  if (from === undefined || collection === undefined) return;
  const first = seen.get(path) ?? from;
  seen.set(path, first);
  if (first !== from) {
    throw new GalleryError(
      `${path} has the collections ${first} and ${from}, which cannot become one. Leave out ` +
        "--collection, or export one collection",
    );
  }
}

/** A gallery file does not know consents and times of expiry: those that are stored stay. */
async function* keepFields(
  store: GalleryStore,
  users: AsyncIterable<NewUser>,
): AsyncGenerator<NewUser> {
  for await (const user of users) {
    const { consentRef, expiresAt } = await store.getUser(user) ?? {};
    yield {
      ...user,
      ...consentRef !== undefined && { consentRef },
      ...expiresAt !== undefined && { expiresAt },
    };
  }
}

async function readGallery(path: string): Promise<string> {
  try {
    if ((await Deno.stat(path)).size <= MAX_GALLERY_FILE_BYTES) {
      return await Deno.readTextFile(path);
    }
  } catch (cause) {
    throw new GalleryError(`The file ${path} cannot be read`, { cause });
  }
  throw new GalleryError(`The file ${path} has more than ${MAX_GALLERY_FILE_BYTES / 1e6} MB`);
}
