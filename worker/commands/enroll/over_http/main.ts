/** Runs `deno task enroll --to URL`: sends the photos of people to a running service. */

import { basename, join } from "node:path";
import { delay } from "../../../../shared/backoff.ts";
import { createProgress } from "../../../../shared/progress.ts";
import { PhotoFolderError, type SkippedFile } from "../../photo_folder.ts";
import type { PersonToEnrol } from "../enroll.ts";
import { EnrolmentError } from "../name_users.ts";
import { listPeopleInFolder, type PeopleToEnrol } from "../people_in_folder.ts";
import type { EnrolmentReport } from "../report.ts";
import { NoAnswerError, sendCall } from "./call.ts";
import { enrolPeople } from "./enrol_people.ts";
import type { PersonResult } from "./enrol_person.ts";
import { createMemoryJournal, JournalError, openJournal } from "./journal.ts";
import { KeyError, readKey } from "./key_file.ts";
import { checkSentUser, type EnrollToOptions } from "./options.ts";
import { createPatientCalls } from "./patient_calls.ts";
import { reportServiceEnrolment } from "./report.ts";
import { createService, ServiceError } from "./service.ts";

/** Variables that let a proxy see requests over http. Over https, a proxy cannot read them. */
const HTTP_PROXIES = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/** Largest number of folders that an error names. */
const MAX_NAMED = 10;

/** Errors of {@linkcode enrollOverHttp} whose message is for the user. */
export const EXPECTED_ERRORS = [
  EnrolmentError,
  JournalError,
  KeyError,
  NoAnswerError,
  PhotoFolderError,
  ServiceError,
];

/** Enrols into a service. */
export async function enrollOverHttp(options: EnrollToOptions): Promise<EnrolmentReport> {
  const { url, keyFile, allowLookalikes, source } = options;
  const { people, skipped } = await listPeople(source);
  refuseNames(people);
  const key = keyFile === undefined ? undefined : await readKey(keyFile);
  using journal = options.journal === undefined
    ? createMemoryJournal()
    : await openJournal(options.journal);
  if (url.protocol === "http:") { for (const name of HTTP_PROXIES) Deno.env.delete(name); }
  const call = createPatientCalls(
    (request, signal) => sendCall(url, key?.text, request, signal),
    { now: () => performance.now(), sleep: delay, random: Math.random },
  );
  const results = await enrolPeople(people, {
    service: createService({ url, hasKey: key !== undefined, allowLookalikes, call }),
    journal,
    origin: url.origin,
    keyId: key === undefined ? null : key.id,
    mayHaveOtherName: "from" in source,
    progress: createProgress(),
  });
  return reportServiceEnrolment(url.origin, skipped, [
    ...results,
    ...unreadablePeople(skipped, source),
  ]);
}

/** Refuses names of folders that cannot be users, all together and before anything is sent. */
function refuseNames(people: readonly PersonToEnrol[]): void {
  const faults = people.flatMap(({ userId, name }) => {
    const fault = checkSentUser(userId, name);
    return fault === undefined ? [] : [`${JSON.stringify(userId)} (${fault})`];
  });
  if (faults.length === 0) return;
  const more = faults.length > MAX_NAMED ? `, and ${faults.length - MAX_NAMED} more` : "";
  throw new EnrolmentError(
    `Rename the folders that cannot be users: ${faults.slice(0, MAX_NAMED).join(", ")}${more}`,
  );
}

/** An entry beside the people that cannot be read may be a person, who then has no template. */
function unreadablePeople(
  skipped: readonly SkippedFile[],
  source: EnrollToOptions["source"],
): PersonResult[] {
  if (!("from" in source)) return [];
  return skipped.flatMap(({ path, reason }) => {
    const userId = basename(path);
    return reason === "unreadable" && path === join(source.from, userId)
      ? [{ userId, photos: [], hasTemplate: false, keptName: undefined }]
      : [];
  });
}

async function listPeople(
  source: EnrollToOptions["source"],
): Promise<PeopleToEnrol> {
  if ("person" in source) return { people: [source.person], skipped: [] };
  return await listPeopleInFolder(source.from);
}
