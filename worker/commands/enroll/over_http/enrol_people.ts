/** Enrols people into a service, several at the same time. */

import type { Progress } from "../../../../shared/progress.ts";
import type { PersonToEnrol } from "../enroll.ts";
import { enrolPerson, type EnrolPersonSettings, type PersonResult } from "./enrol_person.ts";
import { type Service, ServiceError } from "./service.ts";

/** Settings of {@linkcode enrolPeople}. */
export interface EnrolPeopleSettings extends Omit<EnrolPersonSettings, "done" | "signal"> {
  readonly service: Service;
  /** Shows the number of photos that are done. */
  readonly progress: Progress;
}

/**
 * Enrols people. Sends at most as many requests at once as the service has lanes, and the photos of
 * one person one after the other.
 *
 * @returns The results in the order of the people
 * @throws {ServiceError} when every further request would fail, also when the service no longer
 * answers
 * @throws the errors of {@linkcode enrolPerson}. No request is being sent any more
 */
export async function enrolPeople(
  people: readonly PersonToEnrol[],
  settings: EnrolPeopleSettings,
): Promise<PersonResult[]> {
  const stop = new AbortController();
  const { service, origin, progress } = settings;
  const lanes = await service.lanes(stop.signal).catch((cause) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServiceError(
      `${origin} does not answer (${why}): check the URL, and that the service runs`,
      { cause },
    );
  });
  await service.askForModel(stop.signal);
  const photos = people.reduce((sum, person) => sum + person.photos.length, 0);
  using task = progress.start("Enrolling", photos, "photos");
  const results: PersonResult[] = [];
  const waiting = people.entries();
  const lane = async () => {
    for (const [i, person] of waiting) {
      results[i] = await enrolPerson(person, {
        ...settings,
        done: () => task.advance(1),
        signal: stop.signal,
      });
    }
  };
  const failed: unknown[] = [];
  await Promise.all(Array.from({ length: lanes }, () =>
    lane().catch((error) => {
      failed.push(error);
      stop.abort(error);
    })));
  if (failed.length > 0) throw failed[0];
  task.end();
  return results;
}
