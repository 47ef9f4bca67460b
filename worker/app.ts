/** The worker's HTTP app. */

import { Hono } from "hono";
import { AuthenticateQuerySchema, LIVENESS_HEADER } from "../shared/contract/contract.ts";
import { WORKER_MODELS_HEADER, type WorkerModels } from "../shared/contract/models_in_use.ts";
import { Problem } from "../shared/contract/problem.ts";
import { readProbe } from "../shared/http/read_probe.ts";
import { takes } from "../shared/http/route_input.ts";
import {
  installService,
  refuseOtherMethods,
  type RegisteredRoute,
  roundMs,
  type ServiceDeps,
  type ServiceEnv,
} from "../shared/http/service.ts";
import type { Authenticator } from "./authenticator.ts";

/** Dependencies of the app. */
export interface WorkerAppDeps extends ServiceDeps {
  /**
   * Checks an Authorization header.
   *
   * @throws {Problem} `unauthorized` for a header without a valid token
   */
  readonly verifyToken: (authorization: string | undefined) => Promise<void>;
  /** Number of requests that the worker serves. It refuses all later requests. */
  readonly requestsPerWorker: number;
  /** Most bytes that a picture may have. */
  readonly maxImageBytes: number;
  /** Milliseconds that a body may take to arrive. */
  readonly bodyTimeoutMs: number;
  /** Returns undefined until the networks are warmed up and the gallery is loaded. */
  readonly authenticator: () => Authenticator | undefined;
  /** Returns what is told about the models; undefined until they are loaded. */
  readonly models: () => WorkerModels | undefined;
  /** Called once, when the worker has made its last answer. */
  readonly onUsed: () => void;
}

/** The worker's app, and the control that its owner has over it. */
export interface WorkerApp {
  /** Answers a request. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Makes /ready answer 503 from now on. Other requests are still answered. */
  drain(): void;
  /** All routes. */
  readonly routes: readonly RegisteredRoute[];
}

/** Makes the worker's app: `POST /authenticate`, `GET /health`, `GET /ready`. */
export function createWorkerApp(deps: WorkerAppDeps): WorkerApp {
  let remaining = deps.requestsPerWorker;
  let draining = false;
  const app = new Hono<ServiceEnv>();
  installService(app, deps);

  app.get("/health", (c) => c.json({ status: "ok" }));

  app.get("/ready", (c) => {
    const ready = deps.authenticator() !== undefined && remaining > 0 && !draining;
    return c.json({ status: ready ? "ok" : "unavailable" }, ready ? 200 : 503);
  });

  const input = takes({ query: AuthenticateQuerySchema, body: true });
  app.post("/authenticate", input, async (c) => {
    const started = deps.now();
    await deps.verifyToken(c.req.header("Authorization"));
    const authenticate = deps.authenticator();
    if (authenticate === undefined) {
      throw new Problem("no_worker_available", "The worker is still starting", {
        retryAfterSeconds: 1,
      });
    }
    c.header(WORKER_MODELS_HEADER, JSON.stringify(deps.models()));
    if (remaining === 0) throw new Problem("worker_used", "The worker has served all its requests");
    remaining--;
    using afterwards = new DisposableStack();
    if (remaining === 0) afterwards.defer(deps.onUsed);

    const probe = await readProbe(c.req.raw, c.get("query").get("user_id"), {
      maxImageBytes: deps.maxImageBytes,
      bodyTimeoutMs: deps.bodyTimeoutMs,
      signal: c.req.raw.signal,
    });
    const { liveness, ...identity } = await authenticate(probe);
    if (liveness !== undefined) c.header(LIVENESS_HEADER, liveness.toFixed(3));
    return c.json({ ...identity, duration_ms: roundMs(deps.now() - started) });
  });
  refuseOtherMethods(app);

  return {
    fetch: app.fetch,
    routes: app.routes,
    drain() {
      draining = true;
    },
  };
}
