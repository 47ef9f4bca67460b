/** The routes of templates: `POST /users/{user_id}/templates`, and the deletion of a template. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { AddTemplateQuerySchema, type EnrolledTemplate } from "../../../shared/contract/users.ts";
import { Problem } from "../../../shared/contract/problem.ts";
import { freeAtEnd } from "../../../shared/free_at_end.ts";
import { takes } from "../../../shared/http/route_input.ts";
import type { ServiceEnv } from "../../../shared/http/service.ts";
import { sha256 } from "../../../shared/sha256.ts";
import { allows, assertScope } from "../../callers/check_scopes.ts";
import { galleryCaller, requireGallery } from "../../gallery/gallery_caller.ts";
import type { GalleryClient } from "../../gallery/gallery_client.ts";
import type { PictureRequests } from "../../recognition/picture_requests.ts";
import type { WorkerClient } from "../../recognition/worker_client.ts";
import { ADD_TEMPLATE, DELETE_TEMPLATE } from "./openapi.ts";
import { templateOfPath, userOfPath } from "./user_of_path.ts";

/** Dependencies of {@linkcode addTemplates}. */
export interface TemplatesDeps {
  readonly pictures: PictureRequests;
  readonly workers: WorkerClient;
  /** undefined: the workers hold the gallery. */
  readonly gallery: GalleryClient | undefined;
}

/** Adds the routes and their descriptions. */
export function addTemplates(app: OpenAPIHono<ServiceEnv>, deps: TemplatesDeps): void {
  app.openAPIRegistry.registerPath(ADD_TEMPLATE);
  app.openAPIRegistry.registerPath(DELETE_TEMPLATE);

  app.post(
    "/users/:user_id/templates",
    allows(["enrol", "admin"]),
    takes({ query: AddTemplateQuerySchema, body: true }),
    async (c) => {
      const force = readForce(c);
      const gallery = requireGallery(deps.gallery);
      const userId = userOfPath(c.req.raw);
      return await deps.pictures.serve(c, { pictureOnly: true }, async (request) => {
        gallery.assertAddress();
        const caller = galleryCaller(c, request.signal);
        await gallery.checkEnrolment(caller, userId);
        const { image } = request.probe;
        // The picture's memory may be given away while it is sent.
        const photoSha256 = await sha256(image as Uint8Array<ArrayBuffer>);
        const { embedding, face, model } = await request.ask((worker, signal) =>
          deps.workers.embed(worker, { image, forTemplate: true }, c.get("requestId"), signal)
        );
        using _embedding = freeAtEnd(embedding);
        const { created, value } = await gallery.addTemplate(caller, userId, {
          embedding,
          model,
          photoSha256,
          force,
        });
        const answer: EnrolledTemplate = { ...value, quality: face.quality };
        return c.json(answer, created ? 201 : 200);
      });
    },
  );

  app.delete("/users/:user_id/templates/:template_id", allows(["admin"]), async (c) => {
    const gallery = requireGallery(deps.gallery);
    const { raw } = c.req;
    const caller = galleryCaller(c, raw.signal);
    await gallery.deleteTemplate(caller, userOfPath(raw), templateOfPath(raw));
    return c.body(null, 204);
  });
}

/**
 * Returns true when the template is to be added although it matches another user.
 *
 * @throws {Problem} `invalid_request`; `forbidden_scope` for a caller without the scope admin
 */
function readForce(c: Context<ServiceEnv>): boolean {
  const force = c.get("query").get("force") ?? "false";
  if (force !== "true" && force !== "false") {
    throw new Problem("invalid_request", "force must be true or false");
  }
  if (force === "true") assertScope(c, "admin");
  return force === "true";
}
