/** The gallery service's HTTP app. */

import { Hono } from "hono";
import {
  installService,
  refuseOtherMethods,
  type RegisteredRoute,
  type ServiceDeps,
  type ServiceEnv,
} from "../shared/http/service.ts";
import { type CallDeps, createCalls } from "./calls.ts";
import type { GalleryMetrics } from "./metrics.ts";
import { addAudit } from "./routes/audit.ts";
import { addDecisions } from "./routes/decisions.ts";
import { addModels } from "./routes/models.ts";
import { addTemplates } from "./routes/templates.ts";
import { addTries } from "./routes/tries.ts";
import { addUsers } from "./routes/users.ts";

/** Dependencies of the app. */
export interface GalleryAppDeps extends ServiceDeps, CallDeps {
  readonly metrics: GalleryMetrics;
  /** True while the store answers. */
  readonly storeAnswers: () => boolean;
}

/** The gallery service's app, and the control that its owner has over it. */
export interface GalleryApp {
  /** Answers a request. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Makes /ready answer 503 from now on. Other requests are still answered. */
  drain(): void;
  /** All routes. */
  readonly routes: readonly RegisteredRoute[];
}

/**
 * Makes the app: the routes of `shared/contract/gallery_call.ts`, `GET /health`, `GET /ready` and
 * `GET /metrics`.
 */
export function createGalleryApp(deps: GalleryAppDeps): GalleryApp {
  const { metrics, gallery, storeAnswers, now } = deps;
  let draining = false;
  const app = new Hono<ServiceEnv>();
  installService(app, deps);

  app.get("/health", (c) => c.json({ status: "ok" }));
  app.get("/ready", (c) => {
    const ready = gallery() !== undefined && storeAnswers() && !draining;
    return c.json({ status: ready ? "ok" : "unavailable" }, ready ? 200 : 503);
  });
  app.get(
    "/metrics",
    async (c) => c.body(await metrics.text(), 200, { "Content-Type": metrics.contentType }),
  );
  metrics.observe(() => gallery()?.follower.target.count() ?? { users: 0, templates: 0 });

  const add = createCalls(app, deps);
  addDecisions(add, { now, decided: metrics.decided, failed: metrics.failedTry });
  addUsers(add);
  addTemplates(add, { failed: metrics.failedTry });
  addTries(add);
  addModels(add);
  addAudit(add);
  refuseOtherMethods(app);

  return {
    fetch: app.fetch,
    routes: app.routes,
    drain() {
      draining = true;
    },
  };
}
