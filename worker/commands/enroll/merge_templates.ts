/** Puts new templates of users among those that a gallery holds. */

import { cosine, normalize } from "../../vector.ts";
import { entryEmbedding, type GalleryEntry, isCompact } from "../../gallery/gallery_entry.ts";
import { toInt8 } from "./to_int8.ts";

/** Embeddings more alike than this are of the very same photo. */
const SAME_PHOTO = 0.99999;

/** A photo that the pipeline accepted. */
export interface AcceptedPhoto {
  /** Where the photo lies. */
  readonly path: string;
  /** L2-normalised. */
  readonly embedding: Float32Array;
}

/** A user and the photos that were accepted, which may be none. */
export interface AcceptedUser {
  /** Unique in the gallery. */
  readonly userId: string;
  /** The one that all templates of the user will have. */
  readonly name: string;
  /** In the order in which their templates will lie. */
  readonly photos: readonly AcceptedPhoto[];
}

/** What becomes of the templates that a user has already. */
export type Earlier = "keep" | "replace";

/** Settings of {@linkcode mergeTemplates}. */
export interface MergeOptions {
  /** What becomes of the earlier templates of those who have new ones. */
  readonly earlier: Earlier;
  /** Whether new templates are rounded to bytes. */
  readonly compact: boolean;
}

/** A template of the merged gallery. */
export interface MergedTemplate {
  /** As the gallery file holds it. */
  readonly entry: GalleryEntry;
  /** The entry's embedding, L2-normalised. */
  readonly embedding: Float32Array;
  /** Path of the photo, when it has just been accepted. */
  readonly photo: string | undefined;
}

/** A gallery with its new templates. */
export interface MergedGallery {
  /** User by user: those that were there in their old order, then the new ones. */
  readonly templates: readonly MergedTemplate[];
  /** Paths of photos that the user has a template of already. */
  readonly alreadyThere: readonly string[];
}

/**
 * Adds to users, or replaces, their templates. A user of whom no photo was accepted keeps what there
 * was. The same photo twice makes one template. What was there keeps its form.
 *
 * @param entries What the gallery holds, every embedding valid and as long as the new ones
 * @param users Each at most once
 * @param options What becomes of earlier templates, and the form of the new
 */
export function mergeTemplates(
  entries: readonly GalleryEntry[],
  users: readonly AcceptedUser[],
  { earlier, compact }: MergeOptions,
): MergedGallery {
  // A Map keeps a key where it is when its value is replaced, and so the users their order.
  const byUser = new Map<string, MergedTemplate[]>();
  for (const entry of entries) {
    const template = { entry, embedding: normalize(entryEmbedding(entry)), photo: undefined };
    byUser.set(entry.user_id, [...byUser.get(entry.user_id) ?? [], template]);
  }
  const alreadyThere: string[] = [];
  for (const { userId, name, photos } of users) {
    if (photos.length === 0) continue;
    const templates = earlier === "keep" ? byUser.get(userId) ?? [] : [];
    for (const { path, embedding } of photos) {
      const embedding_int8 = toInt8(embedding);
      const rounded = normalize(embedding_int8);
      // Rounding alone takes a photo further from itself than SAME_PHOTO.
      const isSamePhoto = ({ entry, embedding: earlier }: MergedTemplate) =>
        cosine(earlier, isCompact(entry) ? rounded : embedding) > SAME_PHOTO;
      if (templates.some(isSamePhoto)) {
        alreadyThere.push(path);
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
  return { templates: [...byUser.values()].flat(), alreadyThere };
}
