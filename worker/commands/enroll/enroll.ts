/** Enrols people: makes templates of their photos and writes them into a gallery file. */

import { NO_PROGRESS, type Progress } from "../../../shared/progress.ts";
import { buildGallery } from "../../gallery/gallery.ts";
import {
  entryEmbedding,
  type GalleryEntry,
  type GalleryFile,
  nameFileInErrors,
} from "../../gallery/gallery_entry.ts";
import { checkGalleryModel, type RecognitionModel } from "../../gallery/gallery_model.ts";
import type { Pipeline } from "../../pipeline/pipeline.ts";
import { createLikeness, type Likeness } from "../../../matching/likeness.ts";
import { cosine, normalize } from "../../../matching/vector.ts";
import { embedPhotos, type RefusedPhoto } from "../embed_photos.ts";
import { findUnlikePhotos } from "./agreement.ts";
import { type DoubtfulPhoto, findDoubtfulPhotos } from "./doubtful_photos.ts";
import { readGalleryFile, writeGalleryFile } from "./gallery_file.ts";
import { lockGallery } from "./gallery_lock.ts";
import { createMatchRule, findLookalikes, type Lookalike, type MatchRule } from "./lookalikes.ts";
import {
  type AcceptedPhoto,
  type AcceptedUser,
  type ExistingTemplates,
  type MergedGallery,
  mergeTemplates,
  SAME_PHOTO,
} from "./merge_templates.ts";
import { nameUsers, type Renaming, type UserToName } from "./name_users.ts";

/** A person to enrol. */
export interface PersonToEnrol extends UserToName {
  /** Paths of the photos. */
  readonly photos: readonly string[];
}

/** Settings of {@linkcode enrolIntoGalleryFile}. */
export interface EnrolmentSettings {
  /** sha256 of the recognition model. A file that is written names it. */
  readonly modelSha256: string;
  /**
   * `keep`: the new templates are added to the user's existing ones, and the user's name cannot
   * change. `replace`: the new templates and the new name replace the existing ones.
   */
  readonly existing: ExistingTemplates;
  /** True to round new templates to bytes (default: false). Existing templates keep their form. */
  readonly compact?: boolean;
  /** Rule for two photos of one person (default: the rule for a model without a calibration). */
  readonly isAlike?: Likeness;
  /**
   * Rule of a match (default: the rule for a model without a calibration). A photo that matches
   * another user is refused. When both photos are new, both are.
   */
  readonly isMatch?: MatchRule;
  /** True to accept photos that match another user, for example of twins (default: false). */
  readonly allowLookalikes?: boolean;
  /** Shows the number of photos that are done (default: shows nothing). */
  readonly progress?: Progress;
}

/** Result of an enrolment. */
export interface Enrolment {
  /** True when the gallery file was written; false when there was no new template. */
  readonly written: boolean;
  /**
   * True when the gallery keeps templates and does not name the model that made them. The command
   * cannot know it, so the file stays without it.
   */
  readonly withoutModel: boolean;
  /** Number of users in the gallery after the enrolment. */
  readonly users: number;
  /** Number of templates in the gallery after the enrolment. */
  readonly templates: number;
  /** Refused photos: those that the pipeline refused, then those that may show somebody else. */
  readonly refused: readonly RefusedPhoto[];
  /** Paths of photos that were already enrolled for the user. */
  readonly alreadyEnrolled: readonly string[];
  /** Photos that were refused because they match another user. */
  readonly lookalikes: readonly Lookalike[];
  /** Photos that look like another user, but do not match. */
  readonly doubtful: readonly DoubtfulPhoto[];
  /** Users whose name changed. */
  readonly renamed: readonly Renaming[];
  /** The user_id of each person who keeps the existing templates, because no photo was accepted. */
  readonly unchanged: readonly string[];
  /** The user_id of each person to enrol who has no template now. */
  readonly withoutTemplate: readonly string[];
}

/**
 * Enrols people into a gallery file and creates the file when it does not exist. Other users of the
 * gallery do not change.
 *
 * @param path Path of the gallery file
 * @param people People to enrol, each user_id once
 * @param pipeline Makes the templates
 * @param settings Treatment of existing templates, form of new ones, display of progress
 * @throws {EnrolmentError} when a user_id or a name is not allowed, or when a name is missing or
 * differs from the name in the gallery. Then no photo was read, and nothing was written
 * @throws {GalleryError} when the file is not a gallery or is for another model: then no photo was
 * read. Also when the file cannot be written, or another command has locked it for too long. After
 * every error the file has its old content
 */
export async function enrolIntoGalleryFile(
  path: string,
  people: readonly PersonToEnrol[],
  pipeline: Pick<Pipeline, "dimension" | "recognize">,
  settings: EnrolmentSettings,
): Promise<Enrolment> {
  const { existing, compact = false, progress = NO_PROGRESS } = settings;
  const isAlike = settings.isAlike ?? createLikeness(undefined);
  const model = { dimension: pipeline.dimension, sha256: settings.modelSha256 };
  nameUsers((await readGallery(path, model)).entries, people, existing);
  const embedded = await embedPhotos(pipeline, people, { progress, label: "Enrolling" });
  // Reads the file again: somebody else may have written it during a long enrolment. Nobody else
  // writes it from here until the end.
  await using _lock = await lockGallery(path);
  const { entries, modelSha256 } = await readGallery(path, model);
  const unlike = new Set<AcceptedPhoto>();
  const candidates = nameUsers(entries, people, existing).map(({ user, name, before }, i) => {
    const photos = embedded.people[i]!.flatMap(({ path, embedding }) =>
      embedding === undefined ? [] : [{ path, embedding }]
    );
    const kept = existing === "keep" ? entries.filter(isOf(user.userId)) : [];
    const templates = kept.map((entry) => normalize(entryEmbedding(entry)));
    for (const photo of findUnlikePhotos(templates, photos, isAlike)) unlike.add(photo);
    const trusted = photos.filter((photo) => !unlike.has(photo));
    return { userId: user.userId, name, before, photos: trusted };
  });
  const { users, merged, lookalikes } = refuseLookalikes(
    candidates,
    (accepted) => mergeTemplates(entries, accepted, { existing, compact }),
    settings,
  );
  const { templates, alreadyEnrolled } = merged;
  const written = templates.some(({ photo }) => photo !== undefined);
  const withoutModel = modelSha256 === undefined &&
    templates.some(({ photo }) => photo === undefined);
  if (written) {
    await writeGalleryFile(path, {
      ...(withoutModel ? {} : { modelSha256: modelSha256 ?? model.sha256 }),
      entries: templates.map(({ entry }) => entry),
    });
  }
  const enrolled = new Set(templates.map(({ entry }) => entry.user_id));
  const withoutPhoto = users.filter(({ photos }) => photos.length === 0);
  const userIds = (group: readonly AcceptedUser[]) => group.map(({ userId }) => userId);
  return {
    written,
    withoutModel,
    users: enrolled.size,
    templates: templates.length,
    refused: [
      ...embedded.refused,
      ...Array.from(unlike, ({ path }) => ({ path, reason: "not_the_same_person" } as const)),
    ],
    alreadyEnrolled,
    lookalikes,
    doubtful: findDoubtfulPhotos(templates),
    renamed: users.flatMap(({ userId, name, before, photos }) =>
      before === undefined || before === name || photos.length === 0
        ? []
        : [{ userId, before, name }]
    ),
    unchanged: userIds(withoutPhoto.filter(({ userId }) => enrolled.has(userId))),
    withoutTemplate: userIds(withoutPhoto.filter(({ userId }) => !enrolled.has(userId))),
  };
}

const isOf = (userId: string) => ({ user_id }: GalleryEntry) => user_id === userId;

/** Merges the photos of users, without those that match another user. */
function refuseLookalikes<User extends AcceptedUser>(
  candidates: readonly User[],
  merge: (users: readonly User[]) => MergedGallery,
  { isMatch = createMatchRule(undefined), allowLookalikes = false }: EnrolmentSettings,
): { users: readonly User[]; merged: MergedGallery; lookalikes: readonly Lookalike[] } {
  const lookalikes: Lookalike[] = [];
  // A user whose new photos are all refused keeps the existing templates. The photos of other users
  // can match these, so they are compared again.
  for (let users = candidates;;) {
    const merged = merge(users);
    const found = allowLookalikes ? [] : findLookalikes(merged.templates, isMatch);
    if (found.length === 0) return { users, merged, lookalikes };
    users = users.map((user) => {
      const refused = new Map(user.photos.flatMap((photo) => {
        const lookalike = found.find((one) => shows(photo, one, user));
        return lookalike === undefined ? [] : [[photo, { ...lookalike, photo: photo.path }]];
      }));
      lookalikes.push(...refused.values());
      return { ...user, photos: user.photos.filter((photo) => !refused.has(photo)) };
    });
  }
}

/** True for the photo of a lookalike, and for its copies: none may take the place of the other. */
function shows(photo: AcceptedPhoto, lookalike: Lookalike, user: AcceptedUser): boolean {
  return lookalike.userId === user.userId &&
    user.photos.some(({ path, embedding }) =>
      path === lookalike.photo &&
      (path === photo.path || cosine(embedding, photo.embedding) > SAME_PHOTO)
    );
}

async function readGallery(path: string, model: RecognitionModel): Promise<GalleryFile> {
  const content = await readGalleryFile(path) ?? { entries: [] };
  nameFileInErrors(path, () => {
    checkGalleryModel(content, model);
    buildGallery(content.entries, model.dimension);
  });
  return content;
}
