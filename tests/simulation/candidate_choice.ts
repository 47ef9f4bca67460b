/** The ways in which a replica can choose a free pod (docs/adr/0007-candidate-choice.md). */

import type { Random } from "./random.ts";

/** Seconds that a claim and a watch event take: close to the times measured on a small cluster. */
export const PATCH_SECONDS = 0.005, WATCH_SECONDS = 0.01;

/** Number of replicas of the api. */
export const REPLICAS = 5;

/** A pod of the pool. */
export interface Pod {
  readonly id: number;
  isClaimed: boolean;
}

/** A pod to claim, and the seconds to wait before the claim. */
export interface Choice {
  readonly pod: Pod;
  readonly delaySeconds: number;
}

/**
 * Chooses a pod for a replica.
 *
 * @param replica Number of the replica, from 0
 * @param free Free pods that the replica sees, oldest first; at least one
 */
export type Choose = (replica: number, free: readonly Pod[], random: Random) => Choice;

/** The ways that ADR 7 compares. Its tables have the same names. */
export const CHOICES = {
  "the oldest": (_replica, free) => ({ pod: free[0]!, delaySeconds: 0 }),
  "any at random": (_replica, free, random) => ({ pod: pick(free, random), delaySeconds: 0 }),
  "one of its own share, then any": (replica, free, random) => {
    const own = ownShare(replica, free);
    return { pod: pick(own.length > 0 ? own : free, random), delaySeconds: 0 };
  },
  "its own share, others' after a short wait": (replica, free, random) => {
    const own = ownShare(replica, free);
    if (own.length > 0) return { pod: pick(own, random), delaySeconds: 0 };
    const pod = pick(free, random);
    return { pod, delaySeconds: rank(replica, pod) * (WATCH_SECONDS + PATCH_SECONDS) };
  },
} as const satisfies Readonly<Record<string, Choose>>;

const pick = (pods: readonly Pod[], random: Random): Pod =>
  pods[Math.floor(random.uniform() * pods.length)]!;

/** Returns the pods for which this replica comes first. */
const ownShare = (replica: number, pods: readonly Pod[]): readonly Pod[] =>
  pods.filter((pod) => rank(replica, pod) === 0);

/** For each pod, a hash puts the replicas in an order. Returns a replica's place in it, from 0. */
function rank(replica: number, pod: Pod): number {
  const weight = (id: number) =>
    Math.imul((id + 1) * 0x9e3779b1 ^ pod.id * 0x85ebca6b, 0xc2b2ae35) >>> 0;
  const own = weight(replica);
  let before = 0;
  for (let id = 0; id < REPLICAS; id++) if (weight(id) > own) before++;
  return before;
}
