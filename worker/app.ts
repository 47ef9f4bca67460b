/** The worker's HTTP app. */

import { Hono } from "hono";
import { Problem } from "../shared/contract/problem.ts";
import { readProbe } from "../shared/http/read_probe.ts";
import {
  installService,
  refuseOtherMethods,
  roundMs,
  type ServiceDeps,
  type ServiceEnv,
} from "../shared/http/service.ts";
import { type TokenKeys, verifyWorkerToken } from "../shared/http/worker_token.ts";
import type { Authenticator } from "./authenticator.ts";

/** What the app needs from outside. */
export interface WorkerAppDeps extends ServiceDeps {
  readonly name: string;
  readonly tokenKeys: TokenKeys;
  readonly requestsPerWorker: number;
  readonly maxImageBytes: number;
  readonly bodyTimeoutMs: number;
  /** undefined until the models are warm and the gallery is loaded. */
  readonly authenticator: () => Authenticator | undefined;
  /** Called once, after the last answer that the worker gives. */
  readonly onUsed: () => void;
}

/** The app, and what its owner may ask of it. */
export interface WorkerApp {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** /ready says no from now on; requests are still answered. */
  drain(): void;
}

/** Makes the worker's app: `POST /authenticate`, `GET /health`, `GET /ready`. */
export function createWorkerApp(deps: WorkerAppDeps): WorkerApp {
  let left = deps.requestsPerWorker;
  let draining = false;
  const app = new Hono<ServiceEnv>();
  installService(app, deps);

  app.get("/health", (c) => c.json({ status: "ok" }));
  refuseOtherMethods(app, "/health", "GET, HEAD");

  app.get("/ready", (c) => {
    const ready = deps.authenticator() !== undefined && left > 0 && !draining;
    return c.json({ status: ready ? "ok" : "unavailable" }, ready ? 200 : 503);
  });
  refuseOtherMethods(app, "/ready", "GET, HEAD");

  app.post("/authenticate", async (c) => {
    const started = deps.now();
    await verifyWorkerToken(deps.tokenKeys, deps.name, c.req.header("Authorization"));
    const authenticate = deps.authenticator();
    if (authenticate === undefined) {
      throw new Problem("no_worker_available", "The worker is still starting", {
        retryAfterSeconds: 1,
      });
    }
    if (left === 0) throw new Problem("worker_used", "The worker has served its requests");
    left--;
    using afterwards = new DisposableStack();
    if (left === 0) afterwards.defer(deps.onUsed);

    const probe = await readProbe(c.req.raw, {
      maxImageBytes: deps.maxImageBytes,
      bodyTimeoutMs: deps.bodyTimeoutMs,
      signal: c.req.raw.signal,
    });
    const identity = await authenticate(probe);
    return c.json({ ...identity, duration_ms: roundMs(deps.now() - started) });
  });
  refuseOtherMethods(app, "/authenticate", "POST");

  return {
    fetch: app.fetch,
    drain() {
      draining = true;
    },
  };
}
