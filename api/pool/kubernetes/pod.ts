/** What the pool looks at of a pod. */

import type { V1Pod } from "@kubernetes/client-node";

/** Kubernetes gives it to the pods of a Deployment, and a claim leaves it. */
const TEMPLATE_LABEL = "pod-template-hash";

/** A pod at one resourceVersion. */
export interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  /** undefined where the object has no such map, which a patch has to know. */
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** Somebody has asked for its deletion. */
  readonly deleting: boolean;
  readonly phase: string;
  readonly ready: boolean;
  readonly ip: string | undefined;
  /** status.startTime, from which the kubelet counts; milliseconds since 1970. */
  readonly startedAt: number | undefined;
  /** spec.activeDeadlineSeconds; it may be lowered, never raised. */
  readonly activeDeadlineSeconds: number | undefined;
}

/**
 * Reads a pod as the API server sends it.
 *
 * @throws {TypeError} when it has no name, uid or resourceVersion
 */
export function readPod({ metadata, spec, status }: V1Pod): Pod {
  const { name, uid, resourceVersion } = metadata ?? {};
  if (!name || !uid || !resourceVersion) {
    throw new TypeError("A pod without name, uid or resourceVersion");
  }
  return {
    name,
    uid,
    resourceVersion,
    labels: metadata?.labels ?? {},
    annotations: metadata?.annotations,
    deleting: metadata?.deletionTimestamp !== undefined,
    phase: status?.phase ?? "Unknown",
    ready: status?.conditions?.some((c) => c.type === "Ready" && c.status === "True") ?? false,
    ip: status?.podIP,
    // A Date from a list, a string from a watch.
    startedAt: status?.startTime === undefined ? undefined : new Date(status.startTime).getTime(),
    activeDeadlineSeconds: spec?.activeDeadlineSeconds,
  };
}

/** Whether a pod can take a request now. */
export function canServe(pod: Pod): pod is Pod & { ip: string; startedAt: number } {
  return pod.ready && !pod.deleting && pod.phase === "Running" && pod.ip !== undefined &&
    pod.startedAt !== undefined;
}

/** Whether both were made of the same version of their Deployment's template. */
export function haveSameTemplate(a: Pod, b: Pod): boolean {
  return a.labels[TEMPLATE_LABEL] === b.labels[TEMPLATE_LABEL];
}

/** Whether a pod has ended and will not run again. */
export function hasEnded(pod: Pod): boolean {
  return pod.phase === "Failed" || pod.phase === "Succeeded";
}

/** Where a pod listens. */
export function podUrl(ip: string, port: number): URL {
  return new URL(`http://${ip.includes(":") ? `[${ip}]` : ip}:${port}`);
}
