/** The calls to the Kubernetes API that the pool makes: their interface and their errors. */

import type { Pod } from "../pod.ts";

/** One operation of a JSON patch (RFC 6902). */
export interface PatchOperation {
  readonly op: "test" | "add" | "replace";
  readonly path: string;
  readonly value: unknown;
}

/** All pods of workers at one version. */
export interface PodList {
  readonly pods: readonly Pod[];
  /** The version from which a watch can start. */
  readonly resourceVersion: string;
}

/** An event of a watch. */
export type WatchEvent =
  /** The watch is open. */
  | { readonly kind: "opened" }
  | { readonly kind: "seen" | "gone"; readonly pod: Pod }
  /** No pod has changed since the last event, up to this version. */
  | { readonly kind: "bookmark"; readonly resourceVersion: string };

/** Conditions of a deletion: the pod must still have this uid, and this version if one is given. */
export interface Preconditions {
  readonly uid: string;
  readonly resourceVersion?: string;
}

/** The pods in the workers' namespace. Every call has a time limit. */
export interface PodApi extends AsyncDisposable {
  /**
   * Returns all pods of workers.
   *
   * @throws {ApiError | ConnectionError}
   */
  list(): Promise<PodList>;
  /**
   * Reports every change after a version. Resolves when the connection ends, which is normal.
   *
   * @throws {ApiError} when the server refuses, for example because the version is too old
   * @throws {ConnectionError}
   * @throws the signal's reason
   */
  watch(
    resourceVersion: string,
    onEvent: (event: WatchEvent) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Returns a pod.
   *
   * @throws {ApiError | ConnectionError}
   */
  read(name: string): Promise<Pod>;
  /**
   * Changes a pod and returns the changed pod.
   *
   * @throws {ApiError | ConnectionError}
   */
  patch(name: string, operations: readonly PatchOperation[]): Promise<Pod>;
  /**
   * Deletes a pod. Its processes have one second to end.
   *
   * @throws {ApiError} 404 when the pod is gone, 409 when it does not meet the preconditions
   * @throws {ConnectionError}
   */
  delete(name: string, preconditions: Preconditions): Promise<void>;
  /**
   * Returns the uid of the ConfigMap that owns claimed pods.
   *
   * @throws {ApiError | ConnectionError}
   */
  ownerUid(): Promise<string>;
  /**
   * Reports the uid of that ConfigMap: at the beginning if it exists, and after each change; undefined
   * when it is deleted. Resolves when the connection ends, which is normal.
   *
   * @throws {ApiError | ConnectionError}
   * @throws the signal's reason
   */
  watchOwner(onOwner: (uid: string | undefined) => void, signal: AbortSignal): Promise<void>;
  /** Returns the time of the API server's clock, in milliseconds since 1970. */
  now(): number;
}

/** Error for a call that the API server refused or failed to serve. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  /**
   * Makes the error.
   *
   * @param call Name of the call
   * @param status The HTTP status
   * @param detail The server's message
   * @param causes Number of fields that the server reports as wrong
   * @param retryAfterMs Milliseconds that the server asks to wait; 0 when it does not ask
   */
  constructor(
    call: string,
    readonly status: number,
    detail: string,
    readonly causes = 0,
    readonly retryAfterMs = 0,
  ) {
    super(`The Kubernetes API refused "${call}": ${status} ${detail}`);
  }
}

/** Error for a call without an answer. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";

  /**
   * Makes the error.
   *
   * @param call Name of the call
   * @param reached True when the server may have received the call
   * @param cause The error of the connection
   * @param timedOut True when the time for the answer was over; false when the connection broke, or
   * the answer could not be read
   */
  constructor(
    call: string,
    readonly reached: boolean,
    cause: unknown,
    readonly timedOut = false,
  ) {
    super(`The Kubernetes API did not answer "${call}"`, { cause });
  }
}

/** True when an error means that the pod is gone, or that another pod has its name. */
export function meansPodIsGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 409);
}
