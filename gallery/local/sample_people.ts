/** The sample people in the store of a laptop. */

import { DEFAULT_COLLECTION } from "../../api/callers/scopes.ts";
import { isSameModel } from "../../models/known_models.ts";
import pictures from "../../test-data/manifest.json" with { type: "json" };
import { GalleryError } from "../../worker/gallery/gallery_entry.ts";
import { SAMPLE_USERS } from "../../test-data/sample_users.ts";
import { type FileUser, readGalleryFileUsers } from "../files/gallery_file_users.ts";
import { importInBatches } from "../files/import_in_batches.ts";
import type { GalleryStore, NewTemplate } from "../store/store.ts";

const collection = DEFAULT_COLLECTION;

/**
 * Brings the sample people into a store.
 *
 * A store in which nothing was ever changed gets all users of the sample gallery. So a user that was
 * deleted does not come back. In any other store, a sample person gets a template of the sample
 * gallery's model, if that person has a template of the same picture by another model. So the sample
 * people stay usable when `deno task models` changes the recognition model.
 *
 * @param json Content of the sample gallery
 * @returns Number of templates that were added
 * @throws {GalleryError} when the store is new and the file is not a gallery
 */
export async function importSamplePeople(store: GalleryStore, json: string): Promise<number> {
  const { n } = await store.position();
  if (n > 0) return await addNewModel(store, usersUnlessBad(json));
  const users = readGalleryFileUsers(json).map(withPicture);
  return await importInBatches(store, users.map((user) => ({ ...user, collection })));
}

/** A store with users must stay usable when the sample gallery is not. */
function usersUnlessBad(json: string): FileUser[] {
  try {
    return readGalleryFileUsers(json).map(withPicture);
  } catch (error) {
    if (error instanceof GalleryError) return [];
    throw error;
  }
}

/**
 * Takes the picture's digest for the template of a sample person, so that the template can be
 * recognised in the store later. A user with more templates, or another name, may be somebody else.
 */
function withPicture(user: FileUser): FileUser {
  const [template, ...others] = user.templates;
  const photo = samplePicture(user);
  if (template === undefined || others.length > 0 || photo === undefined) return user;
  return { ...user, templates: [{ ...template, photo }] };
}

async function addNewModel(store: GalleryStore, users: readonly FileUser[]): Promise<number> {
  const missing: FileUser[] = [];
  for (const user of users) {
    const [template] = user.templates;
    if (template === undefined || samplePicture(user) === undefined) continue;
    const present = await store.listTemplates({ collection, userId: user.userId });
    if (present === undefined || present.some(({ model }) => isSameModel(model, template.model))) {
      continue;
    }
    missing.push(user);
  }
  if (missing.length === 0) return 0;
  let added = 0;
  for await (const stored of store.readUsers(collection)) {
    const user = missing.find(({ userId }) => userId === stored.userId);
    if (user === undefined) continue;
    const [template] = user.templates as readonly [NewTemplate];
    // Somebody else with this user_id has no template of this picture.
    if (!stored.templates.some(({ photo }) => isEqual(photo, template.photo))) continue;
    const { kind } = await store.addTemplate({ collection, userId: user.userId }, template);
    if (kind === "stored") added++;
  }
  return added;
}

/** Returns the digest of the picture of a sample person; undefined for somebody else. */
function samplePicture({ userId, name }: FileUser): Uint8Array | undefined {
  const sample = SAMPLE_USERS.find((user) => user.userId === userId && user.name === name);
  const picture = pictures.pictures.find(({ file }) => file === sample?.picture);
  return picture && Uint8Array.fromHex(picture.sha256);
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
