/** `GET /models`: the rule of a match, and the models of a collection's templates. */

import { cosineNeeded } from "../../matching/cosine_needed.ts";
import type { z } from "zod";
import type { GalleryModelsSchema } from "../../shared/contract/users.ts";
import type { AddCall } from "../calls.ts";

/** Adds the route. */
export function addModels(add: AddCall): void {
  add({
    method: "GET",
    path: "/models",
    purpose: "describe",
  }, async (c, { gallery, claims: { collection, model: asked } }) => {
    const templates = await gallery.store.countByModel(collection);
    const model = asked ?? templates.toSorted((a, b) => b.users - a.users)[0]?.model;
    const rules = model === undefined ? undefined : gallery.findRules(model);
    const { on } = gallery.match;
    const answer: z.input<typeof GalleryModelsSchema> = {
      match: rules === undefined ? null : {
        on,
        threshold: rules.decision.threshold,
        cosine: cosineNeeded(rules.decision),
      },
      calibration: on === "cosine" || rules?.calibration === undefined ? null : {
        fitted_mean_cosine: rules.calibration.fitted_mean_cosine,
        fitted_dimension: rules.calibration.fitted_dimension,
      },
      templates: [...templates],
      ...gallery.store.requiresConsent && { requires_consent: true },
    };
    return c.json(answer);
  });
}
