/** Runs `deno task enroll --gallery FILE`: enrols people into a gallery file. */

import { ConfigError } from "../../../shared/env.ts";
import { createProgress } from "../../../shared/progress.ts";
import { GalleryError } from "../../gallery/gallery_entry.ts";
import { ModelError } from "../../inference/session.ts";
import { readMaxImagePixels } from "../max_image_pixels.ts";
import { loadModels } from "../../models.ts";
import { createPipeline } from "../../pipeline/pipeline.ts";
import { localModelPaths } from "../model_paths.ts";
import { PhotoFolderError } from "../photo_folder.ts";
import { createLikeness } from "../../../matching/likeness.ts";
import { compactGalleryFile } from "./compact_gallery.ts";
import { enrolIntoGalleryFile } from "./enroll.ts";
import { createMatchRule } from "./lookalikes.ts";
import { EnrolmentError } from "./name_users.ts";
import type { EnrollOptions } from "./options.ts";
import { listPeopleInFolder, type PeopleToEnrol } from "./people_in_folder.ts";
import { type EnrolmentReport, reportCompaction, reportEnrolment } from "./report.ts";

/** Errors of {@linkcode enrollIntoGalleryFile} whose message is for the user. */
export const EXPECTED_ERRORS = [
  ConfigError,
  EnrolmentError,
  GalleryError,
  ModelError,
  PhotoFolderError,
];

/** Enrols into a gallery file. */
export async function enrollIntoGalleryFile(options: EnrollOptions): Promise<EnrolmentReport> {
  const { gallery, compact, from, person } = options;
  if (from === undefined && person === undefined) {
    return reportCompaction(gallery, await compactGalleryFile(gallery));
  }
  const maxPixels = readMaxImagePixels(Deno.env);
  const { people, skipped } = await listPeople(options);
  const { models, checksums, calibration, quality } = await loadModels(localModelPaths(Deno.env));
  if (calibration === undefined) {
    console.error(
      "The recognition model has no calibration, so blurred and dark photos are not refused: set " +
        'MODEL_CALIBRATION ("deno task calibrate" prints one)',
    );
  }
  await using pipeline = await createPipeline(models, {
    maxPixels,
    quality,
    acceptUnclear: options.allowUnclear,
  });
  const enrolment = await enrolIntoGalleryFile(gallery, people, pipeline, {
    modelSha256: checksums.recognition,
    existing: from === undefined ? "keep" : "replace",
    compact,
    isAlike: createLikeness(calibration),
    isMatch: createMatchRule(calibration),
    allowLookalikes: options.allowLookalikes,
    progress: createProgress(),
  });
  return reportEnrolment(gallery, skipped, enrolment);
}

async function listPeople(
  { from, person }: EnrollOptions,
): Promise<PeopleToEnrol> {
  if (person !== undefined) return { people: [person], skipped: [] };
  return await listPeopleInFolder(from!);
}
