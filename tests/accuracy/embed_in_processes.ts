/** Embeds a large folder of photos in two processes, because a pipeline uses one core. */

import { choosePhotos } from "../../worker/commands/accuracy/photo_list.ts";
import { listPhotoFolder } from "../../worker/commands/photo_folder.ts";
import type { FaceQuality } from "../../worker/pipeline/quality.ts";
import { runCommand } from "../support/run_command.ts";

/** A line of output of embed_share.ts. Without an embedding, the pipeline refused the photo. */
export interface EmbeddedLine {
  readonly path: string;
  readonly quality?: FaceQuality;
  readonly embedding?: readonly number[];
}

/** An accepted photo. */
export interface EmbeddedFace {
  readonly quality: FaceQuality;
  /** L2-normalised. */
  readonly embedding: Float32Array;
}

const PROCESSES = 2;

/**
 * Embeds the photos of a folder that a list names.
 *
 * @param folder A folder with a folder of photos for each person
 * @param list Path of the list of photos
 * @param model Path of the recognition model
 * @returns Each person's photos; undefined for a photo that the pipeline refuses
 */
export async function embedInProcesses(
  folder: string,
  list: string,
  model: string,
): Promise<(EmbeddedFace | undefined)[][]> {
  const shares = await Promise.all(
    Array.from({ length: PROCESSES }, async (_, i) => {
      const args = [folder, list, model, `${i}`, `${PROCESSES}`];
      const { code, out, err } = await runCommand("tests/accuracy/embed_share.ts", args);
      if (code !== 0) throw new Error(`embed_share.ts failed: ${err}`);
      return out.trimEnd().split("\n").map((line): EmbeddedLine => JSON.parse(line));
    }),
  );
  const faces = new Map(
    shares.flat().map(({ path, quality, embedding }) =>
      [
        path,
        embedding && { quality: quality!, embedding: Float32Array.from(embedding) },
      ] as const
    ),
  );
  const people = await choosePhotos(list, folder, (await listPhotoFolder(folder)).people);
  return people.map(({ photos }) =>
    photos.map((path) => {
      if (!faces.has(path)) throw new Error(`${path} was not embedded`);
      return faces.get(path);
    })
  );
}
