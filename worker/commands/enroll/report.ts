/** What the enrolment command says when it is done. */

import type { Enrolment } from "./enroll.ts";
import type { SkippedFile } from "../photo_folder.ts";

/** The end of an enrolment, for people to read. */
export interface EnrolmentReport {
  /** What needs attention: a kind of up to 8 letters, what it is about, and why. */
  readonly lines: readonly string[];
  /** What the gallery holds now. */
  readonly summary: string;
  /** Who has no template, in a sentence; undefined when everybody has one. */
  readonly failure: string | undefined;
}

/**
 * Words an enrolment.
 *
 * @param gallery Path of the gallery file
 * @param skipped Files among the photos that are none
 * @param enrolment What it came to
 */
export function reportEnrolment(
  gallery: string,
  skipped: readonly SkippedFile[],
  enrolment: Enrolment,
): EnrolmentReport {
  const unreadable = skipped.filter(({ reason }) => reason === "unreadable");
  const refused = [...unreadable, ...enrolment.refused];
  const { withoutTemplate } = enrolment;
  const lines = [
    ...skipped.filter(({ reason }) => reason !== "unreadable")
      .map(({ path, reason }) => line("skipped", path, reason)),
    ...refused.map(({ path, reason }) => line("refused", path, reason)),
    ...enrolment.alreadyThere.map((path) => line("skipped", path, "already there")),
    ...enrolment.doubtful.map(({ photo, userId, like }) =>
      line("check", photo, like === undefined ? otherPhotos(userId) : `much like ${like}`)
    ),
    ...enrolment.renamed.map(({ userId, before, name }) =>
      line("renamed", userId, `${JSON.stringify(before)} is now ${JSON.stringify(name)}`)
    ),
    ...enrolment.unchanged.map((userId) =>
      line("kept", userId, "the earlier templates, as no photo was accepted")
    ),
  ];
  const holds = enrolment.written || enrolment.templates > 0
    ? `${count(enrolment.users, "user")}, ${count(enrolment.templates, "template")}`
    : "not written, as no photo was accepted";
  const refusals = refused.length === 0 ? "" : `; ${count(refused.length, "photo")} refused`;
  return {
    lines,
    summary: printable(`${gallery}: ${holds}${refusals}`),
    failure: withoutTemplate.length === 0
      ? undefined
      : printable(`No photo was accepted of ${withoutTemplate.join(", ")}: no template`),
  };
}

/** Words what became of a gallery that was made compact. */
export function reportCompaction(gallery: string, rounded: number): EnrolmentReport {
  const what = rounded === 0 ? "compact already" : `${count(rounded, "template")} made compact`;
  return { lines: [], summary: printable(`${gallery}: ${what}`), failure: undefined };
}

const otherPhotos = (userId: string): string => `unlike the other photos of ${userId}`;

const line = (kind: string, about: string, why: string): string =>
  printable(`${kind.padEnd(8)} ${about}  ${why}`);

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

/** A file may have any name, one that moves the cursor too. */
const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, "?");
