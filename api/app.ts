/** The api's HTTP app: no sockets, clocks or environment of its own. */

import { OpenAPIHono } from "@hono/zod-openapi";
import { installService, type ServiceDeps, type ServiceEnv } from "../shared/http/service.ts";
import type { ApiMetrics } from "./metrics.ts";
import { Admission } from "./routes/authenticate/admission.ts";
import type { WorkerPool } from "./pool/pool.ts";
import { addAuthenticate, type AuthenticateLimits } from "./routes/authenticate/route.ts";
import { addDocs } from "./routes/docs.ts";
import { addHealth } from "./routes/health.ts";
import { addMetrics } from "./routes/metrics.ts";
import { addOpenApi } from "./routes/openapi.ts";
import { addPage } from "./routes/page.ts";
import type { WorkerClient } from "./routes/authenticate/worker_client.ts";

/** What the app needs from outside. */
export interface ApiDeps extends ServiceDeps {
  readonly pool: WorkerPool;
  readonly workers: WorkerClient;
  readonly metrics: ApiMetrics;
  readonly limits: AuthenticateLimits;
}

/** The app, and what its owner may ask of it. */
export interface ApiApp {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** /ready says no from now on; requests are still answered. */
  drain(): void;
}

/** What a request that waits for its body was measured to cost: buffers and streams. */
const BYTES_PER_REQUEST = 256 * 1024;

/** Makes the api's app. */
export function createApp(deps: ApiDeps): ApiApp {
  const { pool, limits } = deps;
  const app = new OpenAPIHono<ServiceEnv>();
  installService(app, deps);
  const admission = new Admission({
    queueFull: () => {
      const { free, waiters } = pool.stats();
      return free === 0 && waiters >= limits.queueLimit;
    },
    maxBytes: limits.queueBytes,
    bytesPerRequest: BYTES_PER_REQUEST,
    refuse: (detail) => pool.refusal(detail),
  });
  addAuthenticate(app, { ...deps, admission });
  const { drain } = addHealth(app, pool);
  addMetrics(app, deps.metrics);
  addDocs(app, addOpenApi(app));
  addPage(app);
  deps.metrics.observePool(() => pool.stats());
  return { fetch: (request) => app.fetch(request), drain };
}
