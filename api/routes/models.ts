/** `GET /models`: the models in use. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import { findKnownModel } from "../../models/known_models.ts";
import {
  type Models,
  ModelsSchema,
  type WorkerModels,
} from "../../shared/contract/models_in_use.ts";
import type { ServiceEnv } from "../../shared/http/service.ts";
import { allows, assertScope, callerOf } from "../callers/check_scopes.ts";
import { SCOPES } from "../callers/scopes.ts";
import { galleryCaller } from "../gallery/gallery_caller.ts";
import type { GalleryClient } from "../gallery/gallery_client.ts";
import { TAGS } from "./openapi.ts";
import { CALLER_CODES, problemResponses } from "./problem_responses.ts";

/**
 * Remembers what the worker that answered last has told about its models. The api itself loads no
 * model, and its settings need not be those of the workers.
 */
export class ModelsInUse {
  #latest: WorkerModels | undefined;

  /** Records what a worker tells; undefined when it tells nothing. */
  see(models: WorkerModels | undefined): void {
    if (models !== undefined) this.#latest = models;
  }

  /** Returns the sha256 of the recognition model; undefined until a worker has answered. */
  get recognition(): string | undefined {
    return this.#latest?.recognition;
  }

  /** Describes the models for clients. Names and licences are those of the manifest. */
  describe(): Models {
    const latest = this.#latest;
    if (latest === undefined) {
      return { models: [], match: null, calibration: null, templates: null };
    }
    const uses = ["detection", "landmarks", "recognition"] as const;
    return {
      models: uses.map((use) => {
        const known = findKnownModel(latest[use]);
        return {
          use,
          name: known?.name ?? null,
          licence: known?.licence ?? null,
          sha256: latest[use],
        };
      }),
      match: latest.match,
      calibration: latest.calibration,
      templates: null,
    };
  }
}

/**
 * Adds the route.
 *
 * @param gallery The gallery service, which has the rule of a match; undefined when the workers hold
 * the gallery
 */
export function addModels(
  app: OpenAPIHono<ServiceEnv>,
  models: ModelsInUse,
  gallery: GalleryClient | undefined,
): void {
  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/models",
    operationId: "getModels",
    tags: [TAGS.operation.name],
    summary: "Tell which models are in use",
    responses: {
      200: {
        description: "The models of the worker that answered this replica last",
        content: { "application/json": { schema: ModelsSchema } },
      },
      ...problemResponses([...CALLER_CODES, "gallery_unavailable"]),
    },
  });
  app.get("/models", allows(SCOPES), async (c) => {
    // Callers who may only recognise without a key learn nothing else.
    if (callerOf(c).id === undefined) assertScope(c, "admin");
    const described = models.describe();
    if (gallery === undefined) return c.json(described);
    const caller = galleryCaller(c, c.req.raw.signal);
    return c.json({ ...described, ...await gallery.describe(caller, models.recognition) });
  });
}
