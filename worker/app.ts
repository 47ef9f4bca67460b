/** The worker's HTTP app. */

import { type Context, Hono } from "hono";
import {
  AuthenticateQuerySchema,
  LIVENESS_HEADER,
  UNCLEAR_HEADER,
} from "../shared/contract/contract.ts";
import type { SeenFace } from "../shared/contract/face_policy.ts";
import { WORKER_MODELS_HEADER, type WorkerModels } from "../shared/contract/models_in_use.ts";
import { Problem } from "../shared/contract/problem.ts";
import {
  SEAL_PARTS,
  type SealPart,
  sealState,
  WORKER_SEAL_HEADER,
} from "../shared/contract/worker_seal.ts";
import { EmbedQuerySchema } from "../shared/contract/observed_face.ts";
import { freeAtEnd } from "../shared/free_at_end.ts";
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
import { AmbiguousFace, type Authenticator } from "./authenticator.ts";
import { embeddingResponse, type FaceEmbedder } from "./face_embedder.ts";

/** The part of a worker that answers about a picture. */
export type Recognition =
  /** The worker holds the gallery. */
  | { readonly kind: "authenticate"; readonly authenticate: Authenticator }
  /** The gallery service holds the gallery. */
  | { readonly kind: "embed"; readonly embed: FaceEmbedder };

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
  /** Decides which of the two routes the worker has. */
  readonly answersWith: Recognition["kind"];
  /** Returns undefined until the networks are warmed up and a gallery is loaded. */
  readonly recognition: () => Recognition | undefined;
  /** Returns what is told about the models; undefined until they are loaded. */
  readonly models: () => WorkerModels | undefined;
  /** Returns the parts of the worker's seal that hold; undefined until it is set. */
  readonly seal: () => readonly SealPart[] | undefined;
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

/** A worker counts no tries, so it takes no client_ref. */
const WorkerQuerySchema = AuthenticateQuerySchema.pick({ user_id: true });

/** Makes the worker's app: `POST /authenticate` or `POST /embed`, `GET /health`, `GET /ready`. */
export function createWorkerApp(deps: WorkerAppDeps): WorkerApp {
  let remaining = deps.requestsPerWorker;
  let draining = false;
  const app = new Hono<ServiceEnv>();
  installService(app, deps);

  app.get("/health", (c) => c.json({ status: "ok" }));

  app.get("/ready", (c) => {
    const ready = deps.recognition() !== undefined && remaining > 0 && !draining;
    const holds = deps.seal();
    const seal = holds &&
      Object.fromEntries(SEAL_PARTS.map((part) => [part, holds.includes(part)]));
    return c.json({ status: ready ? "ok" : "unavailable", seal }, ready ? 200 : 503);
  });

  const [path, query] = deps.answersWith === "authenticate"
    ? ["/authenticate", WorkerQuerySchema] as const
    : ["/embed", EmbedQuerySchema] as const;
  app.post(path, takes({ query, body: true }), async (c) => {
    const started = deps.now();
    await deps.verifyToken(c.req.header("Authorization"));
    const recognition = deps.recognition();
    if (recognition === undefined) {
      throw new Problem("no_worker_available", "The worker is still starting", {
        retryAfterSeconds: 1,
      });
    }
    c.header(WORKER_MODELS_HEADER, JSON.stringify(deps.models()));
    c.header(WORKER_SEAL_HEADER, sealState(deps.seal() ?? []));
    if (remaining === 0) throw new Problem("worker_used", "The worker has served all its requests");
    remaining--;
    using afterwards = new DisposableStack();
    if (remaining === 0) afterwards.defer(deps.onUsed);

    const probe = await readProbe(c.req.raw, c.get("query"), {
      maxImageBytes: deps.maxImageBytes,
      bodyTimeoutMs: deps.bodyTimeoutMs,
      signal: c.req.raw.signal,
    });
    using _picture = freeAtEnd(probe.image);
    if (recognition.kind === "embed") {
      const forTemplate = c.get("query").get("template") === "true";
      return embeddingResponse(c, await recognition.embed(probe.image, { forTemplate }));
    }
    const { liveness, unclear, ...identity } = await recognition.authenticate(probe)
      .catch((error) => {
        if (error instanceof AmbiguousFace) tellFacts(c, error.seen);
        throw error;
      });
    tellFacts(c, { liveness, unclear });
    return c.json({ ...identity, duration_ms: roundMs(deps.now() - started) });
  });
  // An api that expects the gallery in the workers asks another worker. During the upgrade to the gallery
  // service, workers of both kinds exist.
  if (deps.answersWith === "embed") {
    app.post("/authenticate", takes({ query: WorkerQuerySchema, body: true }), async (c) => {
      await deps.verifyToken(c.req.header("Authorization"));
      throw new Problem("worker_used", "The worker holds no gallery");
    });
  }
  refuseOtherMethods(app);

  return {
    fetch: app.fetch,
    routes: app.routes,
    drain() {
      draining = true;
    },
  };
}

function tellFacts(c: Context<ServiceEnv>, { liveness, unclear }: SeenFace): void {
  if (liveness !== undefined) c.header(LIVENESS_HEADER, liveness.toFixed(3));
  if (unclear) c.header(UNCLEAR_HEADER, "true");
}
