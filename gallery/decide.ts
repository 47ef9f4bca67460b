/** Decides whose face an embedding is. */

import { judge, type Judgement } from "../matching/judge.ts";
import type { GalleryDecision } from "../shared/contract/gallery_call.ts";
import { pictureProblem } from "../shared/contract/picture_problem.ts";
import { Problem } from "../shared/contract/problem.ts";
import type { AuditOrigin } from "./audit/event.ts";
import { checkDimension } from "./embedding.ts";
import { type Gallery, MAX_TRIES, rulesOf, unavailable } from "./gallery.ts";
import { tryOf, tryProblem } from "./refuse_try.ts";

/**
 * Number of searches of which each must use the newest state of the gallery. After the second one,
 * the index has caught up at least once since the call has arrived, so it knows every change that was
 * acknowledged before. Further searches need no more, or a gallery that changes all the time would
 * never decide.
 */
const EXACT_TRIES = 2;

/** What a judgement is for the count of failed tries. */
const TRY_OUTCOMES = { match: "matched", no_match: "failed", ambiguous: "neither" } as const;
/** Outcomes of a decision in the audit. */
const OUTCOMES: Readonly<Record<Judgement["kind"], string>> = {
  match: "matched",
  no_match: "not_matched",
  ambiguous: "ambiguous_match",
};

/** A face to decide about. */
export interface Probe {
  /** Id of the call's token. Each id is decided once. */
  readonly jti: string;
  /** Milliseconds since 1970, after which every verifier refuses the token. */
  readonly refusedAfterMs: number;
  readonly collection: string;
  /** sha256 of the model that made the embedding. */
  readonly model: string;
  /** L2-normalised. */
  readonly embedding: Float32Array;
  /** The only user to compare with; all users of the collection by default. */
  readonly userId: string | undefined;
  /** Id of the caller's key; undefined for a caller without a key. */
  readonly key: string | undefined;
  /** The application's name for its own client. */
  readonly clientRef: string | undefined;
  /** The call, for the audit. */
  readonly origin: AuditOrigin;
}

/**
 * Decides, and stores the decision before it returns. When the gallery changes between the search and
 * the storing, it searches again.
 *
 * @throws {Problem} `unauthorized` for a token that was used before, `too_many_attempts`, `locked`,
 * `ambiguous_match`, or `gallery_unavailable`
 * @throws {StoreUnavailable} when the store is away
 */
export async function decide(gallery: Gallery, probe: Probe): Promise<GalleryDecision> {
  const { store, follower, clock } = gallery;
  const { jti, refusedAfterMs: expiresAt, collection, model, embedding, userId, origin } = probe;
  const rules = rulesOf(gallery, model);
  const tried = tryOf({ ...probe, user_id: userId, client_ref: probe.clientRef });
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    // The position is read before the search: the index is never behind it.
    const position = tries <= EXACT_TRIES ? follower.position : undefined;
    const { target: index } = follower;
    const misfit = checkDimension(index, model, embedding);
    if (misfit !== undefined) throw misfit;
    const nearest = index.search({
      collection,
      model,
      probe: embedding,
      ...(userId !== undefined && { userId }),
      now: clock(),
    });
    const judgement = judge(nearest, rules.decision);
    const matched = judgement.kind === "match" && nearest !== undefined
      ? { collection, userId: nearest.userId }
      : undefined;
    const result = await store.decide({
      tried: { ...tried, outcome: TRY_OUTCOMES[judgement.kind] },
      jti,
      expiresAt,
      ...(position && { position }),
      ...(matched && { matched }),
      event: {
        ...origin,
        collection,
        kind: "decision",
        outcome: OUTCOMES[judgement.kind],
        userId: matched?.userId ?? userId,
      },
    });
    if (result.kind === "limited") {
      const problem = tryProblem(result.refusal);
      const event = { ...origin, collection, userId, kind: "decision" } as const;
      await store.record({ ...event, outcome: problem.code });
      throw problem;
    }
    if (result.kind === "replayed") {
      throw new Problem("unauthorized", "The request has no valid token for the gallery", {
        cause: new Error("The token is not accepted: used before"),
      });
    }
    if (result.kind === "moved") {
      await follower.catchUp();
      continue;
    }
    if (judgement.kind === "ambiguous") throw pictureProblem("ambiguous_match");
    if (judgement.kind === "no_match" || nearest === undefined) return { matched: false };
    const { confidence, similarity } = judgement;
    return {
      matched: true,
      user_id: nearest.userId,
      user_name: nearest.name,
      confidence,
      similarity,
    };
  }
  throw unavailable(new Error(`The gallery has changed ${MAX_TRIES} times during the decision`));
}
