/**
 * The refusals of the gallery service that reach clients. The service sends only a code: the api
 * passes on no text of another part.
 */

import type { Purpose } from "../../shared/contract/gallery_call.ts";
import { FACE_FAULT_DETAILS } from "../../shared/contract/face_policy.ts";
import { PICTURE_DETAILS } from "../../shared/contract/picture_problem.ts";
import { Problem, type ProblemCode } from "../../shared/contract/problem.ts";

const USER_NOT_FOUND = "There is no user with this user_id";

const CONSENT_REQUIRED = "The user has no consent_ref. Send one with PUT /users/{user_id} first";

const TRIES = {
  too_many_attempts: "Too many attempts have failed. Wait for the time of Retry-After",
  locked: "Too many attempts have failed. An administrator must unlock the user",
} as const;

/** Sentence for each code that a call may be refused with. Any other code is a failure. */
const DETAILS: Readonly<Record<Purpose, Partial<Record<ProblemCode, string>>>> = {
  check_decision: TRIES,
  decide: {
    ambiguous_match: PICTURE_DETAILS.ambiguous_match,
    ...FACE_FAULT_DETAILS,
    ...TRIES,
  },
  put_user: {
    invalid_request: "expires_at must be in the future",
    forbidden_scope: "An earlier expires_at needs the scope admin",
    consent_required:
      "The user has templates and needs a consent_ref. Send one, or delete the templates first",
    user_exists: "There is a user with this user_id already; nothing was changed",
  },
  get_user: { user_not_found: USER_NOT_FOUND },
  list_users: { invalid_request: "The cursor is not one of an earlier page" },
  delete_user: {},
  unlock_user: {},
  check_enrolment: { ...TRIES, consent_required: CONSENT_REQUIRED },
  add_template: {
    ...TRIES,
    consent_required: CONSENT_REQUIRED,
    user_not_found: USER_NOT_FOUND,
    not_the_same_person: "The face does not resemble the user's other templates",
    belongs_to_another_user: "The face matches another user",
    too_many_templates:
      "The user has as many templates as possible. Delete one before you add another",
  },
  delete_template: {},
  export_user: { user_not_found: USER_NOT_FOUND },
  describe: {},
  read_audit: { invalid_request: "The cursor is not one of an earlier page" },
};

/**
 * Returns the refusal for a code, undefined when a call with this purpose is never refused like this.
 *
 * @param retryAfter The Retry-After header of the gallery. Only `too_many_attempts` has and needs one
 */
export function galleryProblem(
  purpose: Purpose,
  code: ProblemCode,
  retryAfter?: string,
): Problem | undefined {
  const detail = DETAILS[purpose][code];
  if (detail === undefined) return undefined;
  if (code !== "too_many_attempts") return new Problem(code, detail);
  if (retryAfter === undefined || !SECONDS.test(retryAfter)) return undefined;
  return new Problem(code, detail, { retryAfterSeconds: Number(retryAfter) });
}

/** Whole seconds, at least 1 and less than a million. */
const SECONDS = /^[1-9]\d{0,5}$/;

/** Seconds after which a client should send a request again. */
const RETRY_AFTER_SECONDS = 2;

/** Error for a call that the gallery service did not answer as documented. */
export class GalleryUnavailable extends Problem {
  /** @param cause The reason inside the service; only the log shows it */
  constructor(cause: unknown) {
    super("gallery_unavailable", "The gallery did not answer; the request can be sent again", {
      cause,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }
}
