/** Enrols one person into a service: one photo after the other. */

import { canonicalModel, isSameModel } from "../../../../models/known_models.ts";
import type { PersonToEnrol } from "../enroll.ts";
import { EnrolmentError } from "../name_users.ts";
import { NoAnswerError } from "./call.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import { type Photo, readPhoto } from "./read_photo.ts";
import type { PhotoAnswer, Service, ServiceUser } from "./service.ts";

/** The result for a photo. */
export interface PhotoResult {
  readonly path: string;
  /**
   * `new`: the service has a new template. `known`: it had one already, or the journal says so.
   * `failed`: nothing was decided; the next run sends the photo again.
   */
  readonly outcome: "new" | "known" | "refused" | "failed";
  /** Words about `refused` and `failed`, otherwise empty. */
  readonly reason: string;
}

/** The result for a person. */
export interface PersonResult {
  readonly userId: string;
  /** In the order of the person's photos. */
  readonly photos: readonly PhotoResult[];
  /** True when the service has a template of the person, as far as the command can know. */
  readonly hasTemplate: boolean;
  /** The name that the service has and keeps, when it is not the given one. */
  readonly keptName: string | undefined;
}

/** Settings of {@linkcode enrolPerson}. */
export interface EnrolPersonSettings {
  readonly service: Pick<Service, "model" | "findUser" | "putUser" | "addTemplate">;
  readonly journal: Journal;
  /** Origin of the service. The journal has photos for several services. */
  readonly origin: string;
  /** Id of the key; null without a key; undefined for a token, which has none. */
  readonly keyId: string | null | undefined;
  /** True when the name of a user who is there already may be another one. The service keeps it. */
  readonly mayHaveOtherName: boolean;
  /** Called when a photo is done. */
  readonly done: () => void;
  readonly signal: AbortSignal;
}

/**
 * Enrols a person. Sends the photos in their order, each after the answer to the one before: the
 * service compares a photo with the templates that the user already has. Sends no photo that the
 * journal has with the model in use. While the model is unknown, sends photos until one tells it.
 *
 * A user that is not there is made before the first photo. A user that is there keeps all fields.
 *
 * @throws {EnrolmentError} when the user needs a name, or has another one
 * @throws {ServiceError} when every further request would fail
 * @throws {JournalError} when the journal cannot be written
 */
export async function enrolPerson(
  person: PersonToEnrol,
  settings: EnrolPersonSettings,
): Promise<PersonResult> {
  const { userId, photos } = person;
  const results = new Map<string, PhotoResult>();
  const note: Note = (path, outcome, reason = "") => {
    if (!results.has(path)) settings.done();
    results.set(path, { path, outcome, reason });
  };
  let user: FoundUser = "unknown";
  try {
    user = await settings.service.findUser(userId, settings.signal);
    assertName(person, user, settings);
    await sendPhotos(person, user, settings, note);
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    for (const path of photos) note(path, "failed", error.message);
  }
  const model = settings.service.model();
  const hadTemplates = typeof user === "object" &&
    user.templates.values().some((of) => model === undefined || isSameModel(of, model));
  return {
    userId,
    photos: photos.map((path) => results.get(path)!),
    hasTemplate: hadTemplates || results.values().some(provesTemplate),
    keptName: keptName(person, user),
  };
}

type FoundUser = ServiceUser | undefined | "unknown";
type Note = (path: string, outcome: PhotoResult["outcome"], reason?: string) => void;

async function sendPhotos(
  person: PersonToEnrol,
  user: FoundUser,
  settings: EnrolPersonSettings,
  note: Note,
): Promise<void> {
  const { service, journal, origin, keyId, signal } = settings;
  const { userId } = person;
  const accepted = new Set(
    journal.of(origin, userId).filter(isAccepted(user, keyId)).map(idOf),
  );
  const skipped: string[] = [];
  const todo = [...person.photos];
  let exists = user !== undefined;

  const send = async (photo: Photo): Promise<PhotoAnswer> => {
    if (exists) {
      const answer = await service.addTemplate(userId, photo, signal);
      if (answer.outcome !== "no_such_user") return answer;
    }
    await service.putUser(userId, requireName(person), signal);
    exists = true;
    // The service has no photo of this user, whatever the journal says.
    accepted.clear();
    todo.unshift(...skipped.splice(0));
    return await service.addTemplate(userId, photo, signal);
  };

  const remember = async (
    photo: Pick<JournalEntry, "sha256" | "templateId" | "model">,
  ): Promise<void> => {
    // A photo that was sent to learn the model is in the journal already.
    if (accepted.has(idOf(photo))) return;
    accepted.add(idOf(photo));
    await journal.add({ service: origin, key: keyId ?? null, userId, ...photo });
  };

  for (let path; (path = todo.shift()) !== undefined;) {
    const photo = await readPhoto(path);
    if (typeof photo === "string") {
      note(path, "refused", photo);
      continue;
    }
    const { sha256 } = photo;
    const model = service.model();
    if (model !== undefined && accepted.has(idOf({ sha256, model }))) {
      skipped.push(path);
      note(path, "known");
      continue;
    }
    const answer = await send(photo).catch((error): PhotoAnswer => {
      if (!(error instanceof NoAnswerError)) throw error;
      return { outcome: "failed", code: "no answer", detail: error.message };
    });
    switch (answer.outcome) {
      case "accepted":
        await remember({ sha256, templateId: answer.templateId, model: answer.model });
        note(path, answer.isNew ? "new" : "known");
        break;
      case "no_such_user":
        note(path, "failed", "somebody deletes this user at the same time");
        break;
      default:
        note(path, answer.outcome, `${answer.code}: ${answer.detail}`);
    }
  }
}

/**
 * Returns the rule for the lines of the journal that count. What the service says decides. When it
 * may not tell, a line with the same key counts: another key can be for other users.
 */
function isAccepted(user: FoundUser, keyId: string | null | undefined) {
  return ({ templateId, key }: JournalEntry): boolean =>
    user === "unknown" ? key === keyId : user?.templates.has(templateId) ?? false;
}

/** A photo makes one template for each model. */
const idOf = ({ sha256, model }: Pick<JournalEntry, "sha256" | "model">): string =>
  `${sha256} ${canonicalModel(model)}`;

const nameOf = ({ name }: PersonToEnrol): string | undefined => name?.normalize("NFC");

function keptName(person: PersonToEnrol, user: FoundUser): string | undefined {
  const name = nameOf(person);
  if (typeof user !== "object" || name === undefined || user.name === name) return undefined;
  return user.name;
}

function requireName(person: PersonToEnrol): string {
  const name = nameOf(person);
  if (name !== undefined) return name;
  throw new EnrolmentError(`The user "${person.userId}" is new and needs a name`);
}

function assertName(
  person: PersonToEnrol,
  user: FoundUser,
  { mayHaveOtherName }: EnrolPersonSettings,
): void {
  const kept = keptName(person, user);
  if (mayHaveOtherName || kept === undefined) return;
  throw new EnrolmentError(
    `The user "${person.userId}" has the name ${JSON.stringify(kept)} at the service, ` +
      `not "${person.name}"`,
  );
}

/** True for a photo whose answer shows that the user has a template. */
function provesTemplate({ outcome, reason }: PhotoResult): boolean {
  return outcome === "new" || outcome === "known" ||
    /^(not_the_same_person|too_many_templates):/.test(reason);
}
