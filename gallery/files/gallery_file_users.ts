/** Reads the users of a gallery file, as `deno task enroll` writes it, for a store. */

import { createHash } from "node:crypto";
import { galleryModel, isSameModel } from "../../models/known_models.ts";
import { normalize } from "../../matching/vector.ts";
import { MAX_EMBEDDING_BYTES } from "../../shared/contract/gallery_call.ts";
import {
  entryEmbedding,
  entryLabel,
  GalleryError,
  parseGalleryFile,
} from "../../worker/gallery/gallery_entry.ts";
import type { NewTemplate } from "../store/store.ts";

/** A user of a gallery file. */
export interface FileUser {
  readonly userId: string;
  readonly name: string;
  readonly templates: readonly NewTemplate[];
}

/**
 * Parses the content of a gallery file. A gallery file does not name the photos. So the digest of a
 * template's photo is made of the embedding: the same entry is stored once, however often it is
 * imported.
 *
 * @param json Content of the file
 * @param model sha256 of the recognition model, for a file that does not name one
 * @returns The users, in the order of their first entries
 * @throws {GalleryError} when the file is not a gallery, when no model is known or two are, when a
 * user has two names, or when an embedding is zero, too long, not finite or of another length
 */
export function readGalleryFileUsers(json: string, model?: string): FileUser[] {
  const { modelSha256, entries } = parseGalleryFile(json);
  if (modelSha256 !== undefined && model !== undefined && !isSameModel(modelSha256, model)) {
    throw new GalleryError(
      `The gallery names another model (sha256 ${modelSha256}) than --model`,
    );
  }
  const sha256 = modelSha256 ?? model;
  if (sha256 === undefined) {
    throw new GalleryError(
      "The gallery does not name the model that made it. GET /models of the service shows the model " +
        "in use. If it is the right one, name it with --model SHA256",
    );
  }
  const users = new Map<string, { userId: string; name: string; templates: NewTemplate[] }>();
  let dimension: number | undefined;
  entries.forEach((entry, i) => {
    const { user_id: userId, name } = entry;
    const label = entryLabel(i, userId);
    const embedding = readEmbedding(entryEmbedding(entry), label);
    dimension ??= embedding.length;
    if (embedding.length !== dimension) {
      throw new GalleryError(
        `Gallery ${label}: the embedding has ${embedding.length} numbers instead of ${dimension}`,
      );
    }
    const user = users.get(userId) ?? { userId, name, templates: [] };
    users.set(userId, user);
    if (user.name !== name) {
      throw new GalleryError(
        `Gallery ${label}: the user_id has two names, "${user.name}" and "${name}"`,
      );
    }
    user.templates.push({ model: sha256, embedding, photo: digest(sha256, embedding) });
  });
  return [...users.values()];
}

function readEmbedding(numbers: ArrayLike<number>, label: string): Float32Array {
  if (4 * numbers.length > MAX_EMBEDDING_BYTES) {
    throw new GalleryError(
      `Gallery ${label}: the embedding has more than ${MAX_EMBEDDING_BYTES / 4} numbers`,
    );
  }
  // A text would be turned into a number.
  if (Array.from(numbers).every((value) => typeof value === "number")) {
    try {
      return normalize(numbers);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new GalleryError(
    `Gallery ${label}: the embedding is zero or has a value that is not a finite number`,
  );
}

function digest(model: string, embedding: Float32Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = embedding;
  return new Uint8Array(
    createHash("sha256").update(`face-it gallery entry\0${galleryModel(model)}\0`)
      .update(new Uint8Array(buffer, byteOffset, byteLength)).digest(),
  );
}
