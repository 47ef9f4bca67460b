/** Describes the result of `deno task enroll` as text. */

import type { SkippedFile } from "../photo_folder.ts";
import type { RefusedPhoto } from "../embed_photos.ts";
import { printable } from "../printable.ts";
import type { Enrolment } from "./enroll.ts";

/** Text about a result. */
export interface EnrolmentReport {
  /**
   * Photos and users that need attention. Each line has a word of up to 8 letters, a path or user,
   * and a reason.
   */
  readonly lines: readonly string[];
  /** One line about the gallery. */
  readonly summary: string;
  /**
   * One line about users without a template, about photos that would let strangers in, and about
   * photos that match another user; undefined when there is nothing of this kind.
   */
  readonly failure: string | undefined;
}

/**
 * Describes an enrolment.
 *
 * @param gallery Path of the gallery file
 * @param skipped Files that are not photos, cannot be read or have another format
 * @param enrolment The result
 */
export function reportEnrolment(
  gallery: string,
  skipped: readonly SkippedFile[],
  enrolment: Enrolment,
): EnrolmentReport {
  const refused = [
    ...skipped.filter(({ reason }) => reason !== "not_a_photo"),
    ...enrolment.refused,
  ];
  const { withoutTemplate, lookalikes } = enrolment;
  const dangerous = refused.filter(({ reason }) => DANGEROUS.has(reason)).length;
  const failures = [
    ...withoutTemplate.length === 0
      ? []
      : [`No template, because no photo was accepted: ${withoutTemplate.join(", ")}`],
    ...dangerous === 0
      ? []
      : [`${count(dangerous, "photo")} refused because strangers could match: replace or remove`],
    ...lookalikes.length === 0 ? [] : [
      `${count(lookalikes.length, "photo")} refused because of a match with another user: ` +
      "remove the wrong ones, or use --allow-lookalikes",
    ],
  ];
  const lines = [
    ...skipped.filter(({ reason }) => reason === "not_a_photo")
      .map(({ path, reason }) => line("skipped", path, reason)),
    ...refused.map(({ path, reason }) => line("refused", path, reason)),
    ...lookalikes.map(({ photo, resembles }) => line("refused", photo, `matches ${resembles}`)),
    ...enrolment.alreadyEnrolled.map((path) => line("skipped", path, "already enrolled")),
    ...enrolment.doubtful.map(({ photo, resembles }) =>
      line("check", photo, `looks like ${resembles}`)
    ),
    ...enrolment.renamed.map(({ userId, before, name }) =>
      line("renamed", userId, `${JSON.stringify(before)} is now ${JSON.stringify(name)}`)
    ),
    ...enrolment.unchanged.map((userId) =>
      line("kept", userId, "the existing templates, because no photo was accepted")
    ),
    ...enrolment.withoutModel
      ? [line("check", gallery, "does not name its model: see docs/configuration.md")]
      : [],
  ];
  const content = enrolment.written || enrolment.templates > 0
    ? `${count(enrolment.users, "user")}, ${count(enrolment.templates, "template")}`
    : "not written, because no photo was accepted";
  const refusedPhotos = refused.length + lookalikes.length;
  const refusals = refusedPhotos === 0 ? "" : `; ${count(refusedPhotos, "photo")} refused`;
  return {
    lines,
    summary: printable(`${gallery}: ${content}${refusals}`),
    failure: failures.length === 0 ? undefined : printable(failures.join(". ")),
  };
}

/** Reasons for which an enrolment fails, although the user may have other photos. */
const DANGEROUS: ReadonlySet<string> = new Set<RefusedPhoto["reason"]>([
  "face_not_upright",
  "face_unclear",
  "not_the_same_person",
]);

/** Describes a gallery that was made compact. */
export function reportCompaction(gallery: string, rounded: number): EnrolmentReport {
  const result = rounded === 0 ? "already compact" : `${count(rounded, "template")} made compact`;
  return { lines: [], summary: printable(`${gallery}: ${result}`), failure: undefined };
}

const line = (kind: string, subject: string, reason: string): string =>
  printable(`${kind.padEnd(8)} ${subject}  ${reason}`);

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
