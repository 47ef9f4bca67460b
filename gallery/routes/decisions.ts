/** `POST /decisions`: whose face is it? */

import {
  EMBEDDING_TYPE,
  type GalleryClaims,
  MAX_EMBEDDING_BYTES,
} from "../../shared/contract/gallery_call.ts";
import { Problem } from "../../shared/contract/problem.ts";
import type { AddCall } from "../calls.ts";
import { decide, isFailedTry } from "../decide.ts";
import { parseEmbedding } from "../embedding.ts";
import type { GalleryMetrics } from "../metrics.ts";
import { retryAfter } from "../refuse_try.ts";
import { isStoreFailure } from "../store_failure.ts";

/** Body of a call with an embedding. */
export const EMBEDDING_BODY = { mediaType: EMBEDDING_TYPE, maxBytes: MAX_EMBEDDING_BYTES };

/** Services that the route uses. */
export interface DecisionDeps {
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /**
   * Called after each decision.
   *
   * @param outcome `matched`, `not_matched` or an error code
   */
  readonly decided: (outcome: string, seconds: number) => void;
  /** Called after each failure that counts. */
  readonly failed: GalleryMetrics["failedTry"];
}

/** Adds the route. */
export function addDecisions(add: AddCall, { now, decided, failed }: DecisionDeps): void {
  add({
    method: "POST",
    path: "/decisions",
    purpose: "decide",
    body: EMBEDDING_BODY,
    needs: ["model"],
  }, async (c, { gallery, token, origin, claims, body }) => {
    const started = now();
    let outcome = "internal";
    using afterwards = new DisposableStack();
    afterwards.defer(() => decided(outcome, (now() - started) / 1000));
    try {
      const { collection, model, user_id: userId, key, client_ref: clientRef } = claims;
      const { decision, nextRefusal } = await decide(gallery, {
        ...token,
        ...{ collection, model, userId, key, clientRef, origin },
        embedding: parseEmbedding(body),
        seen: { liveness: claims.liveness, unclear: claims.unclear },
        keyPolicy: {
          ...claims.enforce_liveness && { liveness: "enforce" },
          ...claims.enforce_quality && { quality: "enforce" },
        },
      });
      if (!decision.matched) failed(kindOf(claims));
      outcome = decision.matched ? "matched" : "not_matched";
      c.get("event")["outcome"] = outcome;
      if (nextRefusal?.kind === "wait") c.header("Retry-After", `${retryAfter(nextRefusal)}`);
      return c.json(decision);
    } catch (error) {
      outcome = outcomeOf(error);
      if (outcome === "not_live" && isFailedTry(outcome, claims)) failed(kindOf(claims));
      throw error;
    }
  });
}

function kindOf({ user_id }: GalleryClaims): "user" | "search" {
  return user_id === undefined ? "search" : "user";
}

function outcomeOf(error: unknown): string {
  if (error instanceof Problem) return error.code;
  return isStoreFailure(error) ? "gallery_unavailable" : "internal";
}
