/** Merges the new templates of users into the templates of a gallery. */

import { cosine, normalize } from "../../../matching/vector.ts";
import { entryEmbedding, type GalleryEntry, isCompact } from "../../gallery/gallery_entry.ts";
import { toInt8 } from "./to_int8.ts";

/** Two embeddings with a higher cosine come from the same photo. */
export const SAME_PHOTO = 0.99999;

/** A photo that the pipeline accepted. */
export interface AcceptedPhoto {
  readonly path: string;
  /** L2-normalised. */
  readonly embedding: Float32Array;
}

/** A user with the accepted photos. */
export interface AcceptedUser {
  readonly userId: string;
  /** Name that the user's new templates get. */
  readonly name: string;
  /** May be empty. The new templates have the same order. */
  readonly photos: readonly AcceptedPhoto[];
}

/** Treatment of the templates that a user already has. */
export type ExistingTemplates = "keep" | "replace";

/** Settings of {@linkcode mergeTemplates}. */
export interface MergeOptions {
  /** Treatment of the existing templates of users who have new ones. */
  readonly existing: ExistingTemplates;
  /** True to round new templates to bytes. */
  readonly compact: boolean;
}

/** A template of the merged gallery. */
export interface MergedTemplate {
  /** The template as a gallery file contains it. */
  readonly entry: GalleryEntry;
  /** The entry's embedding, L2-normalised. */
  readonly embedding: Float32Array;
  /** Path of the photo of a new template; undefined for an existing one. */
  readonly photo: string | undefined;
}

/** A gallery with its new templates. */
export interface MergedGallery {
  /** Templates, grouped by user: first the users of the gallery in their order, then new users. */
  readonly templates: readonly MergedTemplate[];
  /** Paths of photos that were already enrolled for the user. */
  readonly alreadyEnrolled: readonly string[];
}

/**
 * Adds new templates to the existing templates of users, or replaces the existing ones. A user
 * without an accepted photo keeps the existing templates. Two copies of a photo make one template.
 * Existing templates keep their form.
 *
 * @param entries Entries of the gallery; each embedding is valid and as long as the new embeddings
 * @param users Users with their accepted photos, each user at most once
 * @param options Treatment of existing templates, form of new ones
 */
export function mergeTemplates(
  entries: readonly GalleryEntry[],
  users: readonly AcceptedUser[],
  { existing, compact }: MergeOptions,
): MergedGallery {
  // A Map keeps the place of a key when its value is replaced, so users keep their order.
  const byUser = new Map<string, MergedTemplate[]>();
  for (const entry of entries) {
    const template = { entry, embedding: normalize(entryEmbedding(entry)), photo: undefined };
    byUser.set(entry.user_id, [...byUser.get(entry.user_id) ?? [], template]);
  }
  const alreadyEnrolled: string[] = [];
  for (const { userId, name, photos } of users) {
    if (photos.length === 0) continue;
    const templates = existing === "keep" ? byUser.get(userId) ?? [] : [];
    for (const { path, embedding } of photos) {
      const embedding_int8 = toInt8(embedding);
      const rounded = normalize(embedding_int8);
      // Compares the embedding in the form of the template: a rounded and an unrounded embedding of
      // one photo have a cosine below SAME_PHOTO.
      const isSamePhoto = (template: MergedTemplate) =>
        cosine(template.embedding, isCompact(template.entry) ? rounded : embedding) > SAME_PHOTO;
      if (templates.some(isSamePhoto)) {
        alreadyEnrolled.push(path);
        continue;
      }
      const owner = { user_id: userId, name };
      templates.push(
        compact
          ? { entry: { ...owner, embedding_int8 }, embedding: rounded, photo: path }
          : { entry: { ...owner, embedding: Array.from(embedding) }, embedding, photo: path },
      );
    }
    byUser.set(userId, templates);
  }
  return { templates: [...byUser.values()].flat(), alreadyEnrolled };
}
