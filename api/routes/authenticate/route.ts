/**
 * `POST /authenticate`: gets the answer from a worker that holds the gallery, or an embedding from a
 * worker and the decision from the gallery service.
 */

import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import {
  type AuthenticateAnswer,
  AuthenticateQuerySchema,
} from "../../../shared/contract/contract.ts";
import {
  type FacePolicy,
  faceProblem,
  judgeFace,
  type SeenFace,
} from "../../../shared/contract/face_policy.ts";
import { freeAtEnd } from "../../../shared/free_at_end.ts";
import { takes } from "../../../shared/http/route_input.ts";
import { roundMs, type ServiceEnv } from "../../../shared/http/service.ts";
import { allows, assertScope, callerOf } from "../../callers/check_scopes.ts";
import { galleryCaller, requireGallery } from "../../gallery/gallery_caller.ts";
import type { GalleryClient } from "../../gallery/gallery_client.ts";
import type { ApiMetrics } from "../../metrics.ts";
import type { PictureRequest, PictureRequests } from "../../recognition/picture_requests.ts";
import type { WorkerClient } from "../../recognition/worker_client.ts";
import { AllowedSearchers } from "./allowed_searchers.ts";
import { AUTHENTICATE_DOC } from "./openapi.ts";

/** Dependencies of {@linkcode addAuthenticate}. */
export interface AuthenticateDeps {
  readonly pictures: PictureRequests;
  readonly workers: WorkerClient;
  /** undefined: the workers hold the gallery. */
  readonly gallery: GalleryClient | undefined;
  readonly metrics: Pick<ApiMetrics, "authenticated" | "faceFault">;
  readonly policy: FacePolicy;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/**
 * Counts the outcomes of the route. Call this before `installService`, so that the requests that it
 * refuses are counted, too.
 */
export function countOutcomes(
  app: OpenAPIHono<ServiceEnv>,
  { metrics, now }: {
    readonly metrics: Pick<ApiMetrics, "authenticated">;
    readonly now: () => number;
  },
): void {
  app.use("/authenticate", async (c, next) => {
    const started = now();
    await next();
    const event = c.get("event");
    const outcome = event["outcome"] ?? event["code"];
    if (typeof outcome === "string") metrics.authenticated(outcome, (now() - started) / 1000);
  });
}

/** Adds the route and its description. */
export function addAuthenticate(app: OpenAPIHono<ServiceEnv>, deps: AuthenticateDeps): void {
  app.openAPIRegistry.registerPath(AUTHENTICATE_DOC);
  const { pictures, gallery, now } = deps;
  const allowed = new AllowedSearchers(now);
  const input = takes({ query: AuthenticateQuerySchema, body: true });

  app.post("/authenticate", allows(["verify", "authenticate"]), input, async (c) => {
    const started = now();
    return await pictures.serve(c, {
      // The body can have the user_id.
      check: ({ userId, clientRef }) => {
        if (userId === undefined) assertScope(c, "authenticate");
        // Workers that hold the gallery count nothing. To ignore it would look as if they did.
        if (clientRef !== undefined) requireGallery(gallery);
      },
    }, async (request) => {
      const { answer, liveness } = gallery === undefined
        ? await askHolder(c, request, deps)
        : await askGallery(c, request, gallery, { ...deps, allowed });
      c.get("event")["outcome"] = answer.matched ? "matched" : "not_matched";
      return c.json({
        ...answer,
        ...shownLiveness(c, liveness),
        duration_ms: roundMs(now() - started),
      });
    });
  });
}

/** An answer before its time is known. */
interface Answered {
  readonly answer: Omit<AuthenticateAnswer, "duration_ms">;
  /** Liveness score of the face; undefined when none is measured. */
  readonly liveness: number | undefined;
}

/**
 * Returns the liveness score for a caller that may see it. It is a signal for operators: whoever
 * tries out pictures must not learn how to improve them.
 */
function shownLiveness(
  c: Context<ServiceEnv>,
  liveness: number | undefined,
): Pick<AuthenticateAnswer, "liveness"> {
  if (liveness === undefined || !callerOf(c).scopes.has("admin")) return {};
  return { liveness: Number(liveness.toFixed(3)) };
}

/** Gets the answer from a worker that holds the gallery. */
async function askHolder(
  c: Context<ServiceEnv>,
  { probe, ask }: PictureRequest,
  { workers, metrics, policy }: AuthenticateDeps,
): Promise<Answered> {
  let seen: SeenFace | undefined;
  const assertAllowed = (face: SeenFace) => {
    const { refused, faults } = judgeFace(face, policy, callerOf(c).policy);
    faults.forEach(metrics.faceFault);
    if (refused !== undefined) throw faceProblem(refused);
  };
  const answer = await ask(async (worker, signal) => {
    const result = await workers.authenticate(worker, probe, c.get("requestId"), signal);
    const wasCompared = result.kind === "answer" ||
      result.kind === "refusal" && result.problem.code === "ambiguous_match";
    seen = wasCompared ? result : undefined;
    return result;
  }).catch((error) => {
    // What the face matches is nobody's business when the policy refuses the face.
    if (seen !== undefined) assertAllowed(seen);
    throw error;
  });
  c.get("event")["worker_ms"] = answer.duration_ms;
  const { liveness, unclear } = seen ?? {};
  assertAllowed({ liveness, unclear });
  return { answer, liveness };
}

/** Gets the embedding from a worker, and then the decision from the gallery service. */
async function askGallery(
  c: Context<ServiceEnv>,
  { probe: { image, userId, clientRef }, ask, signal }: PictureRequest,
  gallery: GalleryClient,
  { workers, metrics, policy, now, allowed }: AuthenticateDeps & {
    readonly allowed: AllowedSearchers;
  },
): Promise<Answered> {
  const event = c.get("event");
  gallery.assertAddress();
  const caller = galleryCaller(c, signal);
  const whom = { userId, clientRef };
  const searcher = { caller, whom };
  // Only a hint, so that no worker is used in vain. The decision itself is checked again.
  if (!allowed.has(searcher)) await gallery.checkDecision(caller, whom);
  const { embedding, model, face: { box, liveness, unclear } } = await ask(
    async (worker, signal) => {
      const sent = now();
      const picture = { image, forTemplate: false };
      const result = await workers.embed(worker, picture, c.get("requestId"), signal);
      event["worker_ms"] = roundMs(now() - sent);
      return result;
    },
  );
  using _embedding = freeAtEnd(embedding);
  const { policy: keyPolicy } = callerOf(c);
  // The gallery service refuses the face: the api only counts.
  judgeFace({ liveness, unclear }, policy, keyPolicy).faults.forEach(metrics.faceFault);
  const asked = now();
  const probe = {
    ...{ embedding, model, unclear, keyPolicy },
    // Without a threshold the score decides nothing, and an older gallery refuses it.
    ...policy.livenessThreshold !== undefined && { liveness },
  };
  const { decision, isNextAllowed } = await gallery.decide(caller, probe, whom)
    .catch((error) => {
      allowed.delete(searcher);
      throw error;
    });
  if (isNextAllowed) allowed.add(searcher);
  else allowed.delete(searcher);
  event["gallery_ms"] = roundMs(now() - asked);
  const face = { box };
  return {
    answer: decision.matched ? { ...decision, face } : { matched: false, confidence: 0, face },
    liveness,
  };
}
