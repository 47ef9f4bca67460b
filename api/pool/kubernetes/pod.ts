/** The part of a Kubernetes pod that the pool uses. */

import type { V1Pod } from "@kubernetes/client-node";

/** Kubernetes sets this label on the pods of a Deployment. A claim does not change it. */
const TEMPLATE_LABEL = "pod-template-hash";

/** A pod at one resourceVersion. */
export interface Pod {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  /** undefined when the pod has no map of annotations; a patch must then add the map. */
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** True when the pod's deletion was requested. */
  readonly deleting: boolean;
  readonly phase: string;
  readonly ready: boolean;
  readonly ip: string | undefined;
  /** Time of creation by the clock of an API server, in milliseconds since 1970. */
  readonly createdAt: number | undefined;
  /** status.startTime by the node's clock, in milliseconds since 1970. */
  readonly startedAt: number | undefined;
  /** spec.activeDeadlineSeconds. It can be lowered, but never raised. */
  readonly activeDeadlineSeconds: number | undefined;
}

/**
 * Reads a pod as the API server sends it.
 *
 * @throws {TypeError} when the name, uid or resourceVersion is missing
 */
export function readPod({ metadata, spec, status }: V1Pod): Pod {
  const { name, uid, resourceVersion } = metadata ?? {};
  if (!name || !uid || !resourceVersion) {
    throw new TypeError("The pod has no name, uid or resourceVersion");
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
    createdAt: readTime(metadata?.creationTimestamp),
    startedAt: readTime(status?.startTime),
    activeDeadlineSeconds: spec?.activeDeadlineSeconds,
  };
}

/** Reads a time, which is a Date in a list, and a string in a watch. */
function readTime(time: Date | string | undefined): number | undefined {
  const ms = time === undefined ? NaN : new Date(time).getTime();
  return Number.isNaN(ms) ? undefined : ms;
}

/** A pod that can be connected to. */
export type StartedPod = Pod & { readonly ip: string; readonly startedAt: number };

/** True when a pod accepts requests now, according to its status. */
export function acceptsRequests(pod: Pod): pod is StartedPod {
  return pod.ready && pod.phase === "Running" && hasStarted(pod);
}

/**
 * True when a pod has an address, and does not end. It can accept requests before its status says so.
 * Its phase can still be Pending: the kubelet reports the address before the container.
 */
export function hasStarted(pod: Pod): pod is StartedPod {
  return (pod.phase === "Running" || pod.phase === "Pending") && !pod.deleting &&
    pod.ip !== undefined && pod.startedAt !== undefined;
}

/** True when both pods were made from the same version of their Deployment's template. */
export function haveSameTemplate(a: Pod, b: Pod): boolean {
  return a.labels[TEMPLATE_LABEL] === b.labels[TEMPLATE_LABEL];
}

/** True when a pod has ended and will not run again. */
export function hasEnded(pod: Pod): boolean {
  return pod.phase === "Failed" || pod.phase === "Succeeded";
}

/** Returns the address of a pod's HTTP server. An IPv6 address is put in brackets. */
export function podUrl(ip: string, port: number): URL {
  return new URL(`http://${ip.includes(":") ? `[${ip}]` : ip}:${port}`);
}
