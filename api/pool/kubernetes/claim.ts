/** The claim that is written on a pod, and the patch that writes it. */

import type { Pod } from "./pod.ts";
import type { PatchOperation } from "./api_server/pod_api.ts";

/** The label that a claim changes, so that the pod leaves its Deployment. */
export const STATUS_LABEL = "status";
/** Value of {@linkcode STATUS_LABEL} on a pod that may be claimed. */
const READY = "ready";
const BUSY = "busy";

const CLAIMED_BY = "face-it.io/claimed-by";
const CLAIM_ID = "face-it.io/claim-id";
const CLAIM_DEADLINE = "face-it.io/claim-deadline";
/** Tells the cluster autoscaler not to remove the node while the pod's request runs. */
const SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict";

/** Largest difference between two clocks of a cluster that does no harm. */
export const CLOCK_SKEW_MS = 60_000;
/** Seconds from the claim's deadline until the kubelet ends the pod, in addition to the skew. */
const KUBELET_GRACE_SECONDS = 5;

/** The claim that is written on a pod. */
export interface Claim {
  /** An id that no other claim has. */
  readonly id: string;
  /** Name of the replica that holds the claim. */
  readonly by: string;
  /** End of the claim by the API server's clock, in milliseconds since 1970. */
  readonly deadline: number;
}

/** The ConfigMap that owns claimed pods. */
export interface Owner {
  readonly name: string;
  readonly uid: string;
}

/** Returns the claim on a pod, or undefined when the pod has none. */
export function readClaim({ annotations }: Pod): Claim | undefined {
  const id = annotations?.[CLAIM_ID];
  const by = annotations?.[CLAIMED_BY];
  const deadline = Date.parse(annotations?.[CLAIM_DEADLINE] ?? "");
  if (id === undefined || by === undefined || Number.isNaN(deadline)) return undefined;
  return { id, by, deadline };
}

/**
 * Makes the JSON patch that claims a pod. The patch tests that the pod has not changed, takes it
 * out of its Deployment and gives it an owner. It also sets a deadline at which the kubelet ends
 * the pod, even when every replica of the api is gone.
 *
 * @param pod The pod as it was last seen; it must accept requests
 * @param claim The claim to write on the pod
 * @param owner The new owner of the pod. It becomes the pod's controller, because a
 * PodDisruptionBudget in percent and `kubectl drain` need a controller
 * @param now Time of the API server's clock, in milliseconds since 1970
 */
export function claimPatch(pod: Pod, claim: Claim, owner: Owner, now: number): PatchOperation[] {
  const annotations = {
    [CLAIMED_BY]: claim.by,
    [CLAIM_ID]: claim.id,
    [CLAIM_DEADLINE]: new Date(claim.deadline).toISOString(),
    [SAFE_TO_EVICT]: "false",
  };
  return [
    { op: "test", path: "/metadata/uid", value: pod.uid },
    { op: "test", path: "/metadata/resourceVersion", value: pod.resourceVersion },
    { op: "test", path: `/metadata/labels/${STATUS_LABEL}`, value: READY },
    { op: "replace", path: `/metadata/labels/${STATUS_LABEL}`, value: BUSY },
    {
      op: "add",
      path: "/metadata/ownerReferences",
      value: [{ apiVersion: "v1", kind: "ConfigMap", ...owner, controller: true }],
    },
    // A JSON patch cannot add an entry to a map that does not exist.
    ...(pod.annotations === undefined
      ? [{ op: "add", path: "/metadata/annotations", value: annotations } as const]
      : Object.entries(annotations).map(([name, value]) => ({
        op: "add" as const,
        path: `/metadata/annotations/${name.replaceAll("/", "~1")}`,
        value,
      }))),
    { op: "add", path: "/spec/activeDeadlineSeconds", value: activeDeadline(pod, claim, now) },
  ];
}

/**
 * Returns the seconds from the pod's start to the moment at which the kubelet ends it. The kubelet
 * measures them by its own clock. The pod's age, however, is measured between different clocks: this
 * API server's, that of the API server that created the pod, and the node's. Two of them may differ by
 * {@linkcode CLOCK_SKEW_MS}, in either direction.
 */
function activeDeadline(pod: Pod, claim: Claim, now: number): number {
  const sinceCreated = Math.max(0, now - (pod.createdAt ?? pod.startedAt ?? now));
  const sinceStarted = now - (pod.startedAt ?? now);
  // A pod is created before it starts. Only with a wrong clock does it seem to have started earlier.
  const ageMs = Math.min(Math.max(sinceCreated, sinceStarted), sinceCreated + CLOCK_SKEW_MS);
  const leaseMs = Math.max(0, claim.deadline - now);
  const seconds = Math.ceil((ageMs + leaseMs + CLOCK_SKEW_MS) / 1000) + KUBELET_GRACE_SECONDS;
  return Math.min(seconds, pod.activeDeadlineSeconds ?? Infinity);
}
