/** The command `deno task gallery import`. */

import { DEFAULT_COLLECTION } from "../../api/callers/scopes.ts";
import type { Progress } from "../../shared/progress.ts";
import { GalleryError, nameFileInErrors } from "../../worker/gallery/gallery_entry.ts";
import { isExportFile, readExportFile } from "../files/export_file.ts";
import { readGalleryFileUsers } from "../files/gallery_file_users.ts";
import { importInBatches } from "../files/import_in_batches.ts";
import { hashInput, type InputFile, openInput, readWhole } from "../files/input_file.ts";
import { refuseUsers } from "./refuse_users.ts";
import type { GalleryStore, ImportedFile, NewUser } from "../store/store.ts";

/** Options of the import. */
export interface ImportOptions {
  /** Collection for all users. Without it, the one of an exported file, or the default one. */
  readonly collection: string | undefined;
  /** sha256 of the model of files that do not name one. */
  readonly model: string | undefined;
  /** True to import also the users of a file that were imported before. */
  readonly again: boolean;
  readonly progress: Progress;
  /** Called for each file that is left out, with a line that says why. */
  readonly onLeftOut: (line: string) => void;
}

/** Result of an import. */
export interface ImportResult {
  /** Number of users in the files that were not left out. */
  readonly users: number;
  /** Number of templates that were not stored before. */
  readonly added: number;
}

/** Largest gallery file that can be read at once. */
const MAX_GALLERY_FILE_BYTES = 500_000_000;

/** A file that is imported now. */
interface Source extends ImportedFile {
  readonly file: InputFile;
  readonly isExport: boolean;
}

/**
 * Stores the users of files. Reads all files before it stores the first user, so that a bad file
 * stops the import before it begins. Each file is imported once, so that users who were deleted since
 * do not come back. An import that was interrupted continues where it stopped.
 *
 * @throws {GalleryError | ExportFileError} when a file cannot be read or is bad, or a user would have
 * too many templates, or has no consent, and templates need one
 * @throws {StoreUnavailable} when the database fails. The import can then be repeated
 */
export async function importFiles(
  store: GalleryStore,
  files: readonly InputFile[],
  options: ImportOptions,
): Promise<ImportResult> {
  const sources: Source[] = [];
  let users = 0;
  for (const file of files) {
    const source = await readSource(file, options);
    const found = await countUsers(source, options);
    if (!options.again && await refuseImported(store, source, found, options)) continue;
    sources.push(source);
    users += found;
  }
  await refuseUsers(store, async function* () {
    for (const source of sources) {
      for await (const user of readUsers(source, options)) {
        yield { ...user, keepsFields: !source.isExport };
      }
    }
  });
  if (sources.length === 0) return { users: 0, added: 0 };
  using task = options.progress.start("Importing", users, "users");
  let added = 0;
  for (const source of sources) {
    const read = readUsers(source, options);
    added += await importInBatches(store, source.isExport ? read : keepFields(store, read), {
      file: { ...source, again: options.again },
      onStored: (stored) => task.advance(stored),
    });
  }
  task.end();
  return { users, added };
}

async function readSource(file: InputFile, { collection }: ImportOptions): Promise<Source> {
  const isExport = await isExportFile(file);
  const only = collection ?? (isExport ? undefined : DEFAULT_COLLECTION);
  return {
    file,
    isExport,
    sha256: await hashInput(file),
    ...only !== undefined && { collection: only },
  };
}

/** Reads the whole file, and returns its number of users. */
async function countUsers(source: Source, options: ImportOptions): Promise<number> {
  let users = 0;
  let first: string | undefined;
  for await (const { from } of readUsers(source, options)) {
    users++;
    first ??= from;
    refuseMixture(first, from, source.file, options);
  }
  return users;
}

/** Returns true when all users of a file were imported before. */
async function refuseImported(
  store: GalleryStore,
  source: Source,
  users: number,
  { onLeftOut }: ImportOptions,
): Promise<boolean> {
  const state = await store.importState(source);
  if (state === undefined || state.users < users) return false;
  const date = new Date(state.importedAt).toISOString().slice(0, 10);
  onLeftOut(
    `${source.file.path} was imported on ${date} and is left out, so that nobody who was deleted ` +
      "comes back. To import everybody in it again, use --again",
  );
  return true;
}

async function* readUsers(
  { file, isExport }: Source,
  { collection, model }: ImportOptions,
): AsyncGenerator<NewUser & { readonly from?: string }> {
  if (isExport) {
    for await (const user of readExportFile(file)) {
      yield { ...user, from: user.collection, collection: collection ?? user.collection };
    }
    return;
  }
  const json = await readGallery(file);
  const users = nameFileInErrors(file.path, () => readGalleryFileUsers(json, model));
  for (const user of users) yield { ...user, collection: collection ?? DEFAULT_COLLECTION };
}

/** Two collections can have the same user_id for two people, so they must not become one. */
function refuseMixture(
  first: string | undefined,
  from: string | undefined,
  { path }: InputFile,
  { collection }: ImportOptions,
): void {
  if (from === first || collection === undefined) return;
  throw new GalleryError(
    `${path} has the collections ${first} and ${from}, which cannot become one. Leave out ` +
      "--collection, or export one collection",
  );
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

async function readGallery(file: InputFile): Promise<string> {
  const content = await readWhole(await openInput(file), MAX_GALLERY_FILE_BYTES);
  if (content === undefined) {
    throw new GalleryError(
      `The file ${file.path} has more than ${MAX_GALLERY_FILE_BYTES / 1e6} MB`,
    );
  }
  return await content.text();
}
