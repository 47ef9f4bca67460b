/** The refusal of templates of users without a consent. */

import { Problem } from "../shared/contract/problem.ts";
import { ConsentMissing } from "./store/store.ts";

/** Makes the problem of a user who would have templates without a consent. */
export const consentRequired = (): Problem =>
  new Problem("consent_required", "The user has no consent_ref, and templates need one");

/** Returns the problem for the store's refusal, and every other error as it is. */
export const explainConsent = (error: unknown): unknown =>
  error instanceof ConsentMissing ? consentRequired() : error;
