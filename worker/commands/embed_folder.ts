/** Embeds a folder of photographs for a command: shows how far it is, names what it passes over. */

import type { ProblemCode } from "../../shared/contract/problem.ts";
import type { Progress } from "../../shared/progress.ts";
import { type EmbeddedPerson, embedPeople } from "./embed_people.ts";
import type { PhotoFolder } from "./photo_folder.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";

/** How a command tells its user what happens. */
export interface EmbedFolderDeps {
  /** What embeds the photos. */
  readonly pipeline: Pick<Pipeline, "recognize">;
  /** Shows how far the work is. */
  readonly progress: Progress;
  /** Is given a line, `path: reason`, for each file that is no photo and each refused photo. */
  readonly writeLine: (line: string) => void;
}

/**
 * Embeds all photos of a folder. The lines on what was passed over come when the work is done, so
 * that they do not run into a progress bar.
 *
 * @returns Every person, with a place for each photo, refused ones included
 */
export async function embedFolder(
  folder: PhotoFolder,
  { pipeline, progress, writeLine }: EmbedFolderDeps,
): Promise<EmbeddedPerson[]> {
  const refused: { path: string; reason: ProblemCode }[] = [];
  const photos = folder.people.reduce((sum, person) => sum + person.photos.length, 0);
  using task = progress.start("Reading photos", photos, "photos");
  const people = await embedPeople(pipeline, folder.people, (path, reason) => {
    if (reason !== undefined) refused.push({ path, reason });
    task.advance(1);
  });
  task.end();
  for (const { path, reason } of [...folder.skipped, ...refused]) writeLine(`${path}: ${reason}`);
  return people;
}
