/** Makes the api's HTTP app. It has no sockets. Its clock is an argument. */

import { OpenAPIHono } from "@hono/zod-openapi";
import type { FacePolicy } from "../shared/contract/face_policy.ts";
import {
  installService,
  refuseOtherMethods,
  type RegisteredRoute,
  type ServiceDeps,
  type ServiceEnv,
} from "../shared/http/service.ts";
import { type AllowedCallers, checkCallers, letOriginsRead } from "./callers/check_callers.ts";
import { type Access, checkScopes } from "./callers/check_scopes.ts";
import type { ApiMetrics } from "./metrics.ts";
import type { WorkerPool } from "../shared/pool/pool.ts";
import type { GalleryClient } from "./gallery/gallery_client.ts";
import { type PictureLimits, PictureRequests } from "./recognition/picture_requests.ts";
import { createSeals } from "./recognition/seals.ts";
import { addAudit } from "./routes/audit/route.ts";
import { addAuthenticate, countOutcomes } from "./routes/authenticate/route.ts";
import { addTemplates } from "./routes/users/templates.ts";
import { addUsers } from "./routes/users/users.ts";
import { addDocs } from "./routes/docs/route.ts";
import { addHealth } from "./routes/health.ts";
import { addMetrics } from "./routes/metrics.ts";
import { addModels, ModelsInUse } from "./routes/models.ts";
import { addOpenApi } from "./routes/openapi.ts";
import { addPage } from "./routes/page.ts";
import type { WorkerClient } from "./recognition/worker_client.ts";

/** Dependencies of the app. */
export interface ApiDeps extends ServiceDeps {
  readonly pool: WorkerPool;
  readonly workers: WorkerClient;
  readonly metrics: ApiMetrics;
  /** The gallery service; undefined when the workers hold the gallery. */
  readonly gallery: GalleryClient | undefined;
  readonly limits: PictureLimits;
  readonly policy: FacePolicy;
  readonly callers: AllowedCallers;
  readonly access: Access;
}

/** The api's HTTP app. */
export interface ApiApp {
  /** Answers a request. */
  readonly fetch: (
    request: Request,
    info?: Deno.ServeHandlerInfo,
  ) => Response | Promise<Response>;
  /** Makes /ready answer 503 from now on. Other requests are still answered. */
  drain(): void;
  /** All routes, and the middleware of single paths. */
  readonly routes: readonly RegisteredRoute[];
}

/**
 * Makes the api's app.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MATCH } from "../shared/contract/fake_answers.ts";
 * import { DEFAULT_POLICY } from "../shared/contract/fake_policy.ts";
 * import { createFakeLog } from "../shared/fake_log.ts";
 * import { openAccess } from "./callers/fake_access.ts";
 * import { png } from "../tests/support/png.ts";
 * import { createApiMetrics } from "./metrics.ts";
 * import { FakePool } from "../shared/pool/fake_pool.ts";
 * import { FakeWorkerClient } from "./recognition/fake_worker_client.ts";
 *
 * const app = createApp({
 *   pool: new FakePool({ free: 1 }),
 *   workers: new FakeWorkerClient([() => ({ kind: "answer", answer: MATCH })]),
 *   gallery: undefined,
 *   metrics: createApiMetrics(),
 *   limits: {
 *     maxImageBytes: 10_000_000,
 *     maxImagePixels: 51_000_000,
 *     bodyTimeoutMs: 10_000,
 *     requestTimeoutMs: 10_000,
 *     queueLimit: 64,
 *     queueBytes: 100_000_000,
 *   },
 *   policy: DEFAULT_POLICY,
 *   callers: { hosts: new Set(["localhost"]), origins: new Set() },
 *   access: openAccess(),
 *   log: createFakeLog().log,
 *   now: () => performance.now(),
 *   newRequestId: () => crypto.randomUUID(),
 * });
 * const body = png({ width: 1, height: 1 }, [[255, 0, 0]]);
 * const request = new Request("http://localhost/authenticate", { method: "POST", body });
 * const response = await app.fetch(request);
 * assertEquals((await response.json()).user_name, "User One");
 * ```
 */
export function createApp(deps: ApiDeps): ApiApp {
  const { pool, gallery, limits } = deps;
  const app = new OpenAPIHono<ServiceEnv>();
  letOriginsRead(app, deps.callers);
  countOutcomes(app, deps);
  installService(app, deps);
  checkCallers(app, deps.callers);
  checkScopes(app, deps.access);
  const models = new ModelsInUse();
  const seals = createSeals(deps.metrics, deps.log);
  const pictures = new PictureRequests({ ...deps, models, seals });
  addAuthenticate(app, { ...deps, pictures });
  addUsers(app, { gallery, bodyTimeoutMs: limits.bodyTimeoutMs });
  addTemplates(app, { ...deps, pictures });
  const { drain } = addHealth(app, pool, gallery);
  addMetrics(app, deps.metrics);
  addModels(app, models, gallery);
  addAudit(app, gallery);
  addDocs(app, addOpenApi(app, deps.access.withoutKey));
  addPage(app);
  refuseOtherMethods(app);
  deps.metrics.observePool(() => pool.stats());
  return {
    fetch: (request, info) => app.fetch(request, info),
    drain,
    routes: app.routes,
  };
}
