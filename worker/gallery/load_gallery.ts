/** Loads the gallery from a file, or from all files of a folder. */

import type { Gallery } from "../../matching/gallery.ts";
import { describeError } from "../../shared/log.ts";
import { createGalleryBuilder } from "./gallery.ts";
import { GalleryError, nameFileInErrors, parseGalleryFile } from "./gallery_entry.ts";
import { listGalleryFiles } from "./gallery_files.ts";
import { checkGalleryModel, type RecognitionModel } from "./gallery_model.ts";

/** A gallery that was read from files. */
export interface LoadedGallery {
  /** All users of all files. */
  readonly gallery: Gallery;
  /** Paths of files with templates that do not name the model that made them. */
  readonly withoutModel: readonly string[];
}

/**
 * Loads a gallery from a file, or from the gallery files of a folder ({@linkcode listGalleryFiles}).
 * A user's templates may be in several files. Only one file is in memory at a time.
 *
 * @param path A gallery file, or a folder of gallery files
 * @param model The recognition model in use
 * @throws {GalleryError} naming the file, when it cannot be read or used, or was made with another
 * model; naming the folder, when it has no gallery file. (A volume that was not filled must not look
 * like an empty gallery.)
 */
export async function loadGallery(path: string, model: RecognitionModel): Promise<LoadedGallery> {
  const builder = createGalleryBuilder(model.dimension);
  const withoutModel: string[] = [];
  for (const file of await galleryFiles(path)) {
    const json = await explainReadError(file, Deno.readTextFile(file));
    nameFileInErrors(file, () => {
      const content = parseGalleryFile(json);
      if (checkGalleryModel(content, model)) withoutModel.push(file);
      builder.add(content.entries);
    });
  }
  return { gallery: builder.build(), withoutModel };
}

async function galleryFiles(path: string): Promise<string[]> {
  if (!(await explainReadError(path, Deno.stat(path))).isDirectory) return [path];
  const files = await explainReadError(path, listGalleryFiles(path));
  if (files.length === 0) {
    throw new GalleryError(`The gallery folder ${path} has no *.json file`);
  }
  return files;
}

async function explainReadError<Value>(path: string, reading: Promise<Value>): Promise<Value> {
  try {
    return await reading;
  } catch (cause) {
    throw new GalleryError(`The gallery ${path} cannot be read (${describeError(cause)})`, {
      cause,
    });
  }
}
