/** The routes of templates. */

import { addTemplate } from "../add_template.ts";
import { recordRefusal } from "../audit/record_refusal.ts";
import type { AddCall } from "../calls.ts";
import { change } from "../change.ts";
import { parseEmbedding } from "../embedding.ts";
import { templateAnswer } from "../user_answers.ts";
import { isUserText } from "../../shared/contract/user_text.ts";
import type { GalleryMetrics } from "../metrics.ts";
import { triesOfEnrolment } from "../refuse_try.ts";
import { EMBEDDING_BODY } from "./decisions.ts";

/** Services that the routes use. */
export interface TemplateDeps {
  /** Called after each failure that counts. */
  readonly failed: GalleryMetrics["failedTry"];
}

/** Adds the routes. */
export function addTemplates(add: AddCall, { failed }: TemplateDeps): void {
  add({
    method: "POST",
    path: "/users/:user_id/templates",
    purpose: "add_template",
    body: EMBEDDING_BODY,
    needs: ["model", "photo_sha256"],
  }, async (c, { gallery, origin, claims, userId, body, signal }) => {
    const { collection, model, photo_sha256, force = false } = claims;
    const embedding = parseEmbedding(body);
    const photo = Uint8Array.fromHex(photo_sha256);
    const { added, template } = await addTemplate(
      gallery,
      { collection, userId },
      { model, embedding, photo },
      {
        ...{ force, signal, origin },
        tries: triesOfEnrolment(claims),
        failed: () => failed("enrolment"),
      },
    ).catch((error) =>
      recordRefusal(gallery, { ...origin, collection, userId, kind: "enrolment" }, error)
    );
    return c.json(templateAnswer(template), added ? 201 : 200);
  });

  add({
    method: "DELETE",
    path: "/users/:user_id/templates/:template_id",
    purpose: "delete_template",
    frees: async ({ gallery, claims: { collection }, userId, templateId }) => {
      const templates = await gallery.store.listTemplates({ collection, userId });
      return templates?.some((template) => template.templateId === templateId) ?? false;
    },
  }, async (c, { gallery, origin, claims: { collection }, userId, templateId, signal }) => {
    if (!isUserText(templateId)) {
      // No template has such an id.
      const event = { ...origin, collection, userId, kind: "template_deletion" } as const;
      await gallery.store.record({ ...event, outcome: "not_found" });
    } else {
      await change(
        gallery,
        () => gallery.store.deleteTemplate({ collection, userId }, templateId, origin),
        signal,
      );
    }
    return c.body(null, 204);
  });
}
