/** Describes the result of an enrolment into a service as text. */

import type { SkippedFile } from "../../photo_folder.ts";
import { printable } from "../../printable.ts";
import type { EnrolmentReport } from "../report.ts";
import type { PersonResult, PhotoResult } from "./enrol_person.ts";

/**
 * Describes an enrolment.
 *
 * @param origin Origin of the service
 * @param skipped Files that are not photos, cannot be read or have another format
 * @param people The results
 */
export function reportServiceEnrolment(
  origin: string,
  skipped: readonly SkippedFile[],
  people: readonly PersonResult[],
): EnrolmentReport {
  const photos = people.flatMap((person) => person.photos);
  const counted = (outcome: PhotoResult["outcome"]) =>
    photos.filter((photo) => photo.outcome === outcome).length;
  const notPhotos = skipped.filter(({ reason }) => reason === "not_a_photo");
  const unusable = skipped.filter(({ reason }) => reason !== "not_a_photo");
  const refused = counted("refused") + unusable.length;
  const failed = counted("failed");
  const without = people.filter(({ hasTemplate }) => !hasTemplate).map(({ userId }) => userId);
  const lines = [
    ...notPhotos.map(({ path, reason }) => line("skipped", path, reason)),
    ...unusable.map(({ path, reason }) => line("refused", path, reason)),
    ...people.flatMap((person) => [
      ...person.keptName === undefined
        ? []
        : [line("kept", person.userId, `the name ${JSON.stringify(person.keptName)}`)],
      ...person.photos.flatMap(({ path, outcome, reason }) =>
        outcome === "refused" || outcome === "failed" ? [line(outcome, path, reason)] : []
      ),
    ]),
  ];
  const parts = [
    count(people.length, "user"),
    `${count(counted("new"), "new template")}`,
    ...counted("known") === 0 ? [] : [`${count(counted("known"), "photo")} enrolled before`],
  ];
  const refusals = refused === 0 ? "" : `; ${count(refused, "photo")} refused`;
  const failures = [
    ...without.length === 0
      ? []
      : [`No template, because no photo was accepted: ${without.join(", ")}`],
    ...failed === 0
      ? []
      : [`${count(failed, "photo")} without a decision: run the command again later`],
  ];
  return {
    lines,
    summary: printable(`${origin}: ${parts.join(", ")}${refusals}`),
    failure: failures.length === 0 ? undefined : printable(failures.join(". ")),
  };
}

const line = (kind: string, subject: string, reason: string): string =>
  printable(`${kind.padEnd(8)} ${subject}  ${reason}`);

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
