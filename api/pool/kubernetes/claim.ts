/** A claim as it is written on a pod, and the one patch that writes it. */

import type { Pod } from "./pod.ts";
import type { PatchOperation } from "./api_server/pod_api.ts";

/** The label whose value leaves the Deployment's selector when a pod is claimed. */
export const STATUS_LABEL = "status";
/** Its value on a pod that may be claimed. */
export const READY = "ready";
const BUSY = "busy";

const CLAIMED_BY = "face-it.io/claimed-by";
const CLAIM_ID = "face-it.io/claim-id";
const CLAIM_DEADLINE = "face-it.io/claim-deadline";
/** Asks the cluster autoscaler to leave a node alone on which a request runs. */
const SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict";

/** The kubelet kills so long after the claim's deadline, when nobody else has. */
const KUBELET_GRACE_SECONDS = 5;

/** A claim, as it is written on the pod. */
export interface Claim {
  /** Names this claim and no other. */
  readonly id: string;
  /** The api process that holds it. */
  readonly by: string;
  /** When it is over by; milliseconds since 1970 of the API server's clock. */
  readonly deadline: number;
}

/** The ConfigMap that owns claimed pods. */
export interface Owner {
  readonly name: string;
  readonly uid: string;
}

/** The claim that a pod bears. */
export function readClaim({ annotations }: Pod): Claim | undefined {
  const id = annotations?.[CLAIM_ID];
  const by = annotations?.[CLAIMED_BY];
  const deadline = Date.parse(annotations?.[CLAIM_DEADLINE] ?? "");
  if (id === undefined || by === undefined || Number.isNaN(deadline)) return undefined;
  return { id, by, deadline };
}

/**
 * The patch that claims a pod: it tests that the pod is as it was seen, takes it out of its
 * Deployment, gives it an owner and has the kubelet end it even if every replica of the api is gone.
 *
 * @param pod As it was last seen; it can serve
 * @param claim To be written on it
 * @param owner Becomes its controller: a PodDisruptionBudget in percent and `kubectl drain` need one
 * @param now Milliseconds since 1970 of the API server's clock
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
    // Without the map there is nothing to add an entry to.
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

/** Seconds from the pod's start to the moment at which the kubelet ends it. */
function activeDeadline(pod: Pod, claim: Claim, now: number): number {
  const ageMs = Math.max(0, now - (pod.startedAt ?? now));
  const leaseMs = Math.max(0, claim.deadline - now);
  const seconds = Math.ceil((ageMs + leaseMs) / 1000) + KUBELET_GRACE_SECONDS;
  return Math.min(seconds, pod.activeDeadlineSeconds ?? Infinity);
}
