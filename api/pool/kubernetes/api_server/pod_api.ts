/** What the pool asks of the Kubernetes API: the interface, and how calls fail. */

import type { Pod } from "../pod.ts";

/** One operation of a JSON patch (RFC 6902). */
export interface PatchOperation {
  readonly op: "test" | "add" | "replace";
  readonly path: string;
  readonly value: unknown;
}

/** All workers at one moment. */
export interface PodList {
  readonly pods: readonly Pod[];
  /** From where a watch goes on. */
  readonly resourceVersion: string;
}

/** What a watch tells. */
export type WatchEvent =
  /** The connection stands. */
  | { readonly kind: "opened" }
  | { readonly kind: "seen" | "gone"; readonly pod: Pod }
  /** Nothing to see up to this version. */
  | { readonly kind: "bookmark"; readonly resourceVersion: string };

/** Which pod exactly is to be deleted. */
export interface Preconditions {
  readonly uid: string;
  readonly resourceVersion?: string;
}

/** The workers' namespace. Every call has a deadline of its own and ends by itself. */
export interface PodApi extends AsyncDisposable {
  /** @throws {ApiError | ConnectionError} */
  list(): Promise<PodList>;
  /**
   * Tells what happens from a version on, until the connection ends, which is normal.
   *
   * @throws {ApiError} when the server refuses: the version may be too old
   * @throws {ConnectionError}
   * @throws the signal's reason
   */
  watch(
    resourceVersion: string,
    onEvent: (event: WatchEvent) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** @throws {ApiError | ConnectionError} */
  read(name: string): Promise<Pod>;
  /**
   * Changes a pod, and returns what it has become.
   *
   * @throws {ApiError | ConnectionError}
   */
  patch(name: string, operations: readonly PatchOperation[]): Promise<Pod>;
  /**
   * Asks for a pod's end within a second.
   *
   * @throws {ApiError} 404 or 409 when the pod is gone, or is not the one that was meant
   * @throws {ConnectionError}
   */
  delete(name: string, preconditions: Preconditions): Promise<void>;
  /**
   * The uid of the ConfigMap that is to own claimed pods.
   *
   * @throws {ApiError | ConnectionError}
   */
  ownerUid(): Promise<string>;
  /** The API server's clock, from the Date of its answers; milliseconds since 1970. */
  now(): number;
}

/** The API server answered, but not with what was asked for. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  /**
   * An answer.
   *
   * @param call What was asked
   * @param status The HTTP status
   * @param detail What the server says of it
   * @param causes How many fields the server names as wrong
   */
  constructor(call: string, readonly status: number, detail: string, readonly causes = 0) {
    super(`${call}: ${status} ${detail}`);
  }
}

/** There was no answer. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";

  /**
   * A call without an answer.
   *
   * @param call What was asked
   * @param reached Whether the server may have seen it
   * @param cause How it failed
   */
  constructor(call: string, readonly reached: boolean, cause: unknown) {
    super(`${call}: no answer`, { cause });
  }
}

/** Whether the server said that the pod is gone, or is not the one that was meant. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 409);
}
