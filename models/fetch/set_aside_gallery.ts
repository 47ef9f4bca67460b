/** Keeps one sample gallery for each recognition model. */

import { rename } from "node:fs/promises";
import { recognitionName } from "../manifest.ts";
import { pathExists } from "../../shared/path_exists.ts";

/** Path of the sample gallery, and the names of the models before and after the change. */
export interface ModelChange {
  readonly path: string;
  /** The model that was replaced; undefined when the model is the same as before. */
  readonly from: string | undefined;
  readonly to: string;
}

/**
 * Renames the sample gallery when it belongs to another recognition model, because embeddings of
 * different models cannot be compared. Then brings the gallery of the new model back, if it was
 * renamed before. No gallery is deleted or replaced: somebody may have enrolled people into it.
 *
 * A gallery belongs to the model that it names. Only a gallery that names no known model belongs to
 * the model that was replaced. So a change that was interrupted is completed by the next call.
 *
 * @param say Called with a sentence about each gallery that was renamed
 */
export async function setAsideGallery(
  { path, from, to }: ModelChange,
  say: (sentence: string) => void,
): Promise<void> {
  const owner = await readOwner(path) ?? from;
  let changed = from !== undefined;
  if (owner !== undefined && owner !== to) {
    const old = await freePathFor(path, owner);
    if (await renameIfPresent(path, old)) {
      say(`The sample gallery belongs to the model before (${owner}) and is now ${old}`);
      changed = true;
    }
  }
  if (await pathExists(path)) return;
  if (await renameIfPresent(pathFor(path, to), path)) {
    say(`The sample gallery of this model (${to}) is ${path} again`);
  } else if (changed) {
    say("To make a sample gallery for this model: deno task samples");
  }
}

/** Bytes at the start of a gallery in which `deno task enroll` writes the model's sha256. */
const HEAD_BYTES = 256;

/** Returns the name of the known model that the gallery names at its start; undefined if none. */
async function readOwner(path: string): Promise<string | undefined> {
  const head = new Uint8Array(HEAD_BYTES);
  try {
    using file = await Deno.open(path);
    await file.read(head);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const match = /^\s*\{\s*"model_sha256"\s*:\s*"([0-9a-f]{64})"/.exec(
    new TextDecoder().decode(head),
  );
  return match === null ? undefined : recognitionName(match[1]!);
}

const pathFor = (path: string, model: string): string => path.replace(/\.json$/, `.${model}.json`);

/** Returns a path for a gallery of the model at which there is no file. */
async function freePathFor(path: string, model: string): Promise<string> {
  for (let number = 1;; number++) {
    const free = pathFor(path, number === 1 ? model : `${model}.${number}`);
    if (!await pathExists(free)) return free;
  }
}

async function renameIfPresent(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return false;
    throw error;
  }
}
