/** Enrols people: their photos become templates in a gallery file. */

import { Problem, type ProblemCode } from "../../../shared/contract/problem.ts";
import { NO_PROGRESS, type Progress, type ProgressTask } from "../../../shared/progress.ts";
import { type DoubtfulPhoto, findDoubtfulPhotos } from "./doubtful_photos.ts";
import { buildGallery } from "../../gallery/gallery.ts";
import { type GalleryEntry, nameFileInErrors } from "../../gallery/gallery_entry.ts";
import { readGalleryFile, writeGalleryFile } from "./gallery_file.ts";
import {
  type AcceptedPhoto,
  type AcceptedUser,
  type Earlier,
  mergeTemplates,
} from "./merge_templates.ts";
import { nameUsers, type Renaming, type UserToName } from "./name_users.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";

/** Somebody to enrol. */
export interface PersonToEnrol extends UserToName {
  /** Paths. */
  readonly photos: readonly string[];
}

/** Settings of {@linkcode enrollIntoGalleryFile}. */
export interface EnrolmentOptions {
  /**
   * `keep`: the new templates join the user's earlier ones, and the name must be the one that the
   * user has. `replace`: they and the name take the place of the earlier ones.
   */
  readonly earlier: Earlier;
  /** Whether new templates are rounded to bytes; not unless told. Others keep the form they have. */
  readonly compact?: boolean;
  /** Shows how many photos are done; nothing is shown unless told. */
  readonly progress?: Progress;
}

/** A photo that gave no template, and why. */
export interface RefusedPhoto {
  readonly path: string;
  readonly reason: ProblemCode | "unreadable";
}

/** What an enrolment came to. */
export interface Enrolment {
  /** Whether the gallery file was written: not when no photo was accepted. */
  readonly written: boolean;
  /** Users of the gallery as it is now. */
  readonly users: number;
  /** Templates of the gallery as it is now. */
  readonly templates: number;
  /** In the order in which they were given. */
  readonly refused: readonly RefusedPhoto[];
  /** Paths of photos that the user has a template of already. */
  readonly alreadyThere: readonly string[];
  /** Photos that may show somebody else. */
  readonly doubtful: readonly DoubtfulPhoto[];
  /** Users who had another name before. */
  readonly renamed: readonly Renaming[];
  /** The user_id of those who keep their earlier templates, because no photo was accepted. */
  readonly unchanged: readonly string[];
  /** The user_id of those who were to be enrolled and have no template. */
  readonly withoutTemplate: readonly string[];
}

/**
 * Enrols people into a gallery file, which is made when it does not exist. All others in it stay.
 *
 * @param path The gallery file
 * @param people Each user_id once
 * @param pipeline What makes the templates
 * @param options What becomes of earlier templates, and where progress is shown
 * @throws {EnrolmentError} when a user_id or name is not allowed, missing or not the user's; before
 * a photo is looked at, and nothing is written
 * @throws {GalleryError} when the file is no gallery or one for another model, before a photo is
 * looked at; or when it cannot be written. The file stays as it was
 */
export async function enrollIntoGalleryFile(
  path: string,
  people: readonly PersonToEnrol[],
  pipeline: Pick<Pipeline, "dimension" | "recognize">,
  options: EnrolmentOptions,
): Promise<Enrolment> {
  const { earlier, compact = false, progress = NO_PROGRESS } = options;
  nameUsers(await readEntries(path, pipeline.dimension), people, earlier);
  const refused: RefusedPhoto[] = [];
  const accepted = new Map<PersonToEnrol, AcceptedPhoto[]>();
  const photos = people.reduce((sum, person) => sum + person.photos.length, 0);
  {
    using task = progress.start("Enrolling", photos, "photos");
    for (const person of people) {
      accepted.set(person, await embedPhotos(pipeline, person.photos, refused, task));
    }
    task.end();
  }
  // Read once more: a long enrolment must not undo what others wrote meanwhile.
  const entries = await readEntries(path, pipeline.dimension);
  const users = nameUsers(entries, people, earlier).map(({ user, name, before }) => ({
    userId: user.userId,
    name,
    before,
    photos: accepted.get(user)!,
  }));
  const { templates, alreadyThere } = mergeTemplates(entries, users, { earlier, compact });
  const written = templates.some(({ photo }) => photo !== undefined);
  if (written) await writeGalleryFile(path, templates.map(({ entry }) => entry));
  const enrolled = new Set(templates.map(({ entry }) => entry.user_id));
  const withNoPhoto = users.filter(({ photos }) => photos.length === 0);
  const idsOf = (group: readonly AcceptedUser[]) => group.map(({ userId }) => userId);
  return {
    written,
    users: enrolled.size,
    templates: templates.length,
    refused,
    alreadyThere,
    doubtful: findDoubtfulPhotos(templates),
    renamed: users.flatMap(({ userId, name, before, photos }) =>
      before === undefined || before === name || photos.length === 0
        ? []
        : [{ userId, before, name }]
    ),
    unchanged: idsOf(withNoPhoto.filter(({ userId }) => enrolled.has(userId))),
    withoutTemplate: idsOf(withNoPhoto.filter(({ userId }) => !enrolled.has(userId))),
  };
}

async function readEntries(path: string, dimension: number): Promise<readonly GalleryEntry[]> {
  const entries = await readGalleryFile(path) ?? [];
  nameFileInErrors(path, () => buildGallery(entries, dimension));
  return entries;
}

async function embedPhotos(
  pipeline: Pick<Pipeline, "recognize">,
  paths: readonly string[],
  refused: RefusedPhoto[],
  task: ProgressTask,
): Promise<AcceptedPhoto[]> {
  const accepted: AcceptedPhoto[] = [];
  for (const path of paths) {
    const picture = await Deno.readFile(path).catch(() => undefined);
    if (picture === undefined) {
      refused.push({ path, reason: "unreadable" });
    } else {
      try {
        accepted.push({ path, embedding: (await pipeline.recognize(picture)).embedding });
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        refused.push({ path, reason: error.code });
      }
    }
    task.advance(1);
  }
  return accepted;
}
