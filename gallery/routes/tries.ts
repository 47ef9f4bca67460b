/** The routes of tries: may the next one be made, and the unlocking of a user. */

import type { AddCall } from "../calls.ts";
import { consentRequired } from "../refuse_consent.ts";
import { triesOfEnrolment, tryOf, tryProblem } from "../refuse_try.ts";

/** Adds the routes. */
export function addTries(add: AddCall): void {
  // Before a worker is used. It counts nothing: the decision does.
  add({
    method: "GET",
    path: "/tries",
    purpose: "check_decision",
  }, async (c, { gallery, claims }) => {
    const refusal = await gallery.store.checkTries([tryOf(claims)]);
    if (refusal) throw tryProblem(refusal);
    return c.body(null, 204);
  });

  add({
    method: "GET",
    path: "/users/:user_id/tries",
    purpose: "check_enrolment",
  }, async (c, { gallery, claims, userId }) => {
    const { own, others } = triesOfEnrolment(claims);
    const refusal = await gallery.store.checkTries([own, others]);
    if (refusal) throw tryProblem(refusal);
    if (gallery.store.requiresConsent) {
      const user = await gallery.store.getUser({ collection: claims.collection, userId });
      if (user && user.consentRef === undefined) throw consentRequired();
    }
    return c.body(null, 204);
  });

  add({
    method: "POST",
    path: "/users/:user_id/unlock",
    purpose: "unlock_user",
  }, async (c, { gallery, origin, claims: { collection }, userId }) => {
    await gallery.store.unlock({ collection, userId }, origin);
    return c.body(null, 204);
  });
}
