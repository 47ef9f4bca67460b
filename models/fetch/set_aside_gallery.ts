/** Keeps one sample gallery for each recognition model. */

import { rename } from "node:fs/promises";

/** Path of the sample gallery, and the names of the models before and after the change. */
export interface ModelChange {
  readonly path: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Renames the sample gallery when the recognition model has changed, because embeddings of
 * different models cannot be compared. Brings the gallery of the new model back, if it was renamed
 * before. No gallery is deleted: somebody may have enrolled people into it.
 *
 * @param say Called with a sentence about each gallery that was renamed
 */
export async function setAsideGallery(
  { path, from, to }: ModelChange,
  say: (sentence: string) => void,
): Promise<void> {
  const old = pathFor(path, from), other = pathFor(path, to);
  if (await renameIfPresent(path, old)) {
    say(`The sample gallery belongs to the model before (${from}) and is now ${old}`);
  }
  if (await renameIfPresent(other, path)) {
    say(`The sample gallery of this model (${to}) is ${path} again`);
  } else {
    say("To make a sample gallery for this model: deno task samples");
  }
}

const pathFor = (path: string, model: string): string => path.replace(/\.json$/, `.${model}.json`);

async function renameIfPresent(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return false;
    throw error;
  }
}
