/** Decides whose face an embedding is. */

import { judge, type Judgement } from "../matching/judge.ts";
import type { GalleryDecision } from "../shared/contract/gallery_call.ts";
import {
  type FaceFault,
  faceProblem,
  judgeFace,
  type KeyPolicy,
  type SeenFace,
} from "../shared/contract/face_policy.ts";
import { pictureProblem } from "../shared/contract/picture_problem.ts";
import { Problem } from "../shared/contract/problem.ts";
import type { AuditOrigin } from "./audit/event.ts";
import { checkDimension } from "./embedding.ts";
import { type Gallery, MAX_TRIES, rulesOf, unavailable } from "./gallery.ts";
import { tryOf, tryProblem } from "./refuse_try.ts";
import type { Decision } from "./store/store.ts";
import type { TryOutcome, TryRefusal } from "./store/tries_policy.ts";

/**
 * Number of searches of which each must use the newest state of the gallery. After the second one,
 * the index has caught up at least once since the call has arrived, so it knows every change that was
 * acknowledged before. Further searches need no more, or a gallery that changes all the time would
 * never decide.
 */
const EXACT_TRIES = 2;

/** Outcomes of judgements for the count of failed tries. */
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
  /** Facts about the face, as the worker has told them. */
  readonly seen: SeenFace;
  /** Policies of the caller's key. */
  readonly keyPolicy: KeyPolicy;
  /** The call, for the audit. */
  readonly origin: AuditOrigin;
}

/** A decision that is stored. */
export interface StoredDecision {
  readonly decision: GalleryDecision;
  /** The reason why the next try like this one would be refused. */
  readonly nextRefusal: TryRefusal | undefined;
}

/**
 * Decides, and stores the decision before it returns. When the gallery changes between the search and
 * the storing, it searches again.
 *
 * @throws {Problem} `unauthorized` for a token that was used before, `too_many_attempts`, `locked`,
 * `face_unclear`, `not_live`, `ambiguous_match`, or `gallery_unavailable`
 * @throws {StoreUnavailable} when the store is away
 */
export async function decide(gallery: Gallery, probe: Probe): Promise<StoredDecision> {
  const { follower, clock } = gallery;
  const { collection, model, embedding, userId } = probe;
  const rules = rulesOf(gallery, model);
  const { refused, faults } = judgeFace(probe.seen, gallery.policy, probe.keyPolicy);
  if (refused !== undefined) {
    // The face is compared with nobody, so the answer is the same for every user. Without a score, the
    // fault is not the person's: during a rollout, a worker may measure none.
    const tried = isFailedTry(refused, probe.seen) ? "failed" : "neither";
    await storeDecision(gallery, probe, { outcome: refused, tried, faults });
    throw faceProblem(refused);
  }
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
    const stored = await storeDecision(gallery, probe, {
      outcome: OUTCOMES[judgement.kind],
      tried: TRY_OUTCOMES[judgement.kind],
      faults,
      ...(position && { position }),
      ...(matched && { matched }),
    });
    if (stored === "moved") {
      await follower.catchUp();
      continue;
    }
    const { nextRefusal } = stored;
    if (judgement.kind === "ambiguous") throw pictureProblem("ambiguous_match");
    if (judgement.kind === "no_match" || nearest === undefined) {
      return { decision: { matched: false }, nextRefusal };
    }
    const { userId: user_id, name: user_name } = nearest;
    const { confidence, similarity } = judgement;
    return { decision: { matched: true, user_id, user_name, confidence, similarity }, nextRefusal };
  }
  throw unavailable(new Error(`The gallery has changed ${MAX_TRIES} times during the decision`));
}

/** True when a refusal for a face counts as a failed try. */
export function isFailedTry(refused: FaceFault, { liveness }: SeenFace): boolean {
  return refused === "not_live" && liveness !== undefined;
}

/** A decision to store. */
interface Finding extends Pick<Decision, "position" | "matched"> {
  /** Outcome in the audit. */
  readonly outcome: string;
  readonly tried: TryOutcome;
  readonly faults: readonly FaceFault[];
}

/**
 * Stores a decision with its events.
 *
 * @returns "moved" when the gallery has changed since the position: nothing is stored
 * @throws {Problem} `unauthorized`, `too_many_attempts` or `locked`
 */
async function storeDecision(
  { store }: Gallery,
  probe: Probe,
  { outcome, tried, faults, position, matched }: Finding,
): Promise<"moved" | Pick<StoredDecision, "nextRefusal">> {
  const { jti, refusedAfterMs: expiresAt, collection, userId, origin } = probe;
  const event = { ...origin, collection, userId: matched?.userId ?? userId } as const;
  const result = await store.decide({
    tried: {
      ...tryOf({ ...probe, user_id: userId, client_ref: probe.clientRef }),
      outcome: tried,
    },
    jti,
    expiresAt,
    ...(position && { position }),
    ...(matched && { matched }),
    event: { ...event, kind: "decision", outcome },
    observations: faults.filter((fault) => fault !== outcome)
      .map((fault) => ({ ...event, kind: "observation", outcome: fault })),
  });
  if (result.kind === "limited") {
    const problem = tryProblem(result.refusal);
    await store.record({ ...origin, collection, userId, kind: "decision", outcome: problem.code });
    throw problem;
  }
  if (result.kind === "replayed") {
    throw new Problem("unauthorized", "The request has no valid token for the gallery", {
      cause: new Error("The token is not accepted: used before"),
    });
  }
  return result.kind === "moved" ? "moved" : { nextRefusal: result.nextRefusal };
}
