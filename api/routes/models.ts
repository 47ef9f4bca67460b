/** `GET /models`: the models in use. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import { findKnownModel } from "../../models/known_models.ts";
import {
  type Models,
  ModelsSchema,
  type WorkerModels,
} from "../../shared/contract/models_in_use.ts";
import type { ServiceEnv } from "../../shared/http/service.ts";
import { allows } from "../callers/check_scopes.ts";
import { SCOPES } from "../callers/scopes.ts";
import { BAD_KEY_RESPONSES, TAGS } from "./openapi.ts";

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

  /** Describes the models for clients. Names and licences are those of the manifest. */
  describe(): Models {
    const latest = this.#latest;
    if (latest === undefined) return { models: [], match: null, calibration: null };
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
    };
  }
}

/** Adds the route. */
export function addModels(app: OpenAPIHono<ServiceEnv>, models: ModelsInUse): void {
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
      ...BAD_KEY_RESPONSES,
    },
  });
  app.get("/models", allows(SCOPES), (c) => c.json(models.describe()));
}
