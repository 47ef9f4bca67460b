/** Adds a template to a user, when the face belongs to this user. */

import type { AuditOrigin } from "./audit/event.ts";
import { judge } from "../matching/judge.ts";
import { Problem } from "../shared/contract/problem.ts";
import { change } from "./change.ts";
import { checkDimension } from "./embedding.ts";
import { type Gallery, MAX_TRIES, rulesOf, unavailable } from "./gallery.ts";
import { explainConsent } from "./refuse_consent.ts";
import { type TriesOfEnrolment, tryProblem } from "./refuse_try.ts";
import type { ModelRules } from "./rules.ts";
import type { NewTemplate, StoredTemplate, StoredUser, UserKey } from "./store/store.ts";

/** Options of {@linkcode addTemplate}. */
export interface AddOptions {
  /** True to add the template although it matches another user. */
  readonly force: boolean;
  /** Aborts when the call has been answered: nothing more may be stored. */
  readonly signal: AbortSignal;
  /** Tries of the caller: to be this user, and to be anybody. */
  readonly tries: TriesOfEnrolment;
  /** Called when a refusal was counted as a failed try. */
  readonly failed: () => void;
  /** The call, for the audit. */
  readonly origin: AuditOrigin;
}

/**
 * Adds a template. The face is compared with all users before the transaction that adds it, and again
 * in it when the gallery has changed meanwhile, or when the face is refused. So of two calls that
 * enrol one face, one is refused. A face is free as soon as its user is deleted. Replicas that change
 * users all the time do not keep each other out.
 *
 * @returns `added` is false when the user has a template of the photo already
 * @throws {Problem} `user_not_found`, `not_the_same_person`, `belongs_to_another_user`,
 * `too_many_attempts`, `locked`, `too_many_templates`, `consent_required`, or `gallery_unavailable`
 * @throws {StoreUnavailable} when the store is away
 */
export async function addTemplate(
  gallery: Gallery,
  key: UserKey,
  template: NewTemplate,
  options: AddOptions,
): Promise<{ readonly added: boolean; readonly template: StoredTemplate }> {
  const rules = rulesOf(gallery, template.model);
  // The call is about this user. Another person may get the same user_id before the template is added.
  const user = await gallery.store.getUser(key);
  if (user === undefined) throw userNotFound();
  try {
    return await change(
      gallery,
      () => checkAndAdd(gallery, rules, user, template, options),
      options.signal,
    );
  } catch (error) {
    throw await countRefusal(gallery, explainConsent(error), options);
  }
}

async function checkAndAdd(
  gallery: Gallery,
  rules: ModelRules,
  { collection, userId, createdAt }: StoredUser,
  template: NewTemplate,
  { force, signal, tries: { own, others }, origin }: AddOptions,
): Promise<{ readonly added: boolean; readonly template: StoredTemplate }> {
  const { store, follower } = gallery;
  const key = { collection, userId };
  const findRefusal = () => checkFace(gallery, rules, key, template, force);
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    signal.throwIfAborted();
    const at = follower.position;
    const refusal = findRefusal();
    const result = await store.addTemplate(key, template, {
      at,
      createdAt,
      tries: [own, others],
      again(users) {
        for (const { user, ...changed } of users) {
          if (user) follower.target.put(user);
          else follower.target.remove(changed);
        }
        const now = users.length > 0 ? findRefusal() : refusal;
        if (now !== undefined) throw now;
      },
    }, origin);
    switch (result.kind) {
      case "stored":
        return result;
      case "no_such_user":
        throw userNotFound();
      case "limited":
        throw tryProblem(result.refusal);
      case "too_many_templates":
        throw new Problem(
          "too_many_templates",
          `The user has ${result.limit} templates. Delete one before you add another`,
        );
      case "moved":
        await follower.catchUp();
    }
  }
  throw unavailable(new Error(`The gallery has changed ${MAX_TRIES} times during the enrolment`));
}

/**
 * Counts a refusal that tells something about a face. It is stored before the caller learns it.
 *
 * @returns The error to throw: the refusal, or that of a limit that was reached before
 */
async function countRefusal(
  { store }: Gallery,
  error: unknown,
  { tries: { own, others }, failed }: AddOptions,
): Promise<unknown> {
  const tried = !(error instanceof Problem)
    ? undefined
    : error.code === "not_the_same_person"
    ? own
    : error.code === "belongs_to_another_user"
    ? others
    : undefined;
  if (tried === undefined) return error;
  const refusal = await store.countFailure(tried);
  if (refusal) return tryProblem(refusal);
  failed();
  return error;
}

/** Makes the problem of a user that does not exist. */
export const userNotFound = (): Problem =>
  new Problem("user_not_found", "There is no user with this user_id");

/** Returns the refusal of a face that is unlike the user's other faces, or matches another user. */
function checkFace(
  { follower: { target: index }, clock }: Gallery,
  { decision, likeness }: ModelRules,
  { collection, userId }: UserKey,
  { model, embedding: probe }: NewTemplate,
  force: boolean,
): Problem | undefined {
  const misfit = checkDimension(index, model, probe);
  if (misfit !== undefined) return misfit;
  const query = { collection, model, probe, now: clock() };
  const own = index.search({ ...query, userId });
  if (own !== undefined && !likeness(own.similarity)) {
    return new Problem(
      "not_the_same_person",
      "The face does not resemble the user's other templates",
    );
  }
  if (force) return undefined;
  const nearestOther = index.search({ ...query, exceptUserId: userId });
  return judge(nearestOther, decision).kind === "no_match"
    ? undefined
    : new Problem("belongs_to_another_user", "The face matches another user");
}
