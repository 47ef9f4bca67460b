/** An API server for tests. It keeps pods in memory. The test can make its calls fail. */

import type { Pod } from "../pod.ts";
import {
  ApiError,
  ConnectionError,
  type PatchOperation,
  type PodApi,
  type PodList,
  type Preconditions,
  type WatchEvent,
} from "./pod_api.ts";

/** A failure of a call: before the server acts on the call, or after. */
export type Failure =
  | { readonly before: Error }
  | { readonly after: Error };

/** Names of the calls. */
export type PodApiCall = "list" | "watch" | "read" | "patch" | "delete" | "owner" | "watchOwner";

interface Watcher {
  readonly onEvent: (event: WatchEvent) => void;
  readonly end: (error?: Error) => void;
}

interface OwnerWatcher {
  readonly onOwner: (uid: string | undefined) => void;
  readonly end: (error?: Error) => void;
}

/** Keeps pods. Watchers receive each change immediately, or later when the test holds it back. */
export class FakePodApi implements PodApi {
  /** Milliseconds since 1970. */
  clock = 1_000_000_000_000;
  #owner: string | undefined = "owner-uid";
  /** Names of the pods that were deleted through the api, in order. */
  readonly deleted: string[] = [];
  /** All claims that were applied: the pod's uid and the claim's id. */
  readonly claims: { readonly uid: string; readonly id: string }[] = [];
  /** All calls, in order. */
  readonly calls: PodApiCall[] = [];
  /** The version from which each watch started. */
  readonly watchedFrom: string[] = [];
  closed = false;
  readonly #pods = new Map<string, Pod>();
  readonly #watchers = new Set<Watcher>();
  readonly #ownerWatchers = new Set<OwnerWatcher>();
  readonly #failures = new Map<PodApiCall, Failure[]>();
  readonly #stalled = new Map<PodApiCall, Promise<void>>();
  #version = 0;
  /** Events that wait for `tell`; undefined when events are not held back. */
  #held: WatchEvent[] | undefined;

  /** Adds a pod that is ready to serve. */
  add(name: string, change: Partial<Pod> = {}): Pod {
    return this.#put({
      name,
      uid: `uid-of-${name}`,
      resourceVersion: "",
      labels: { app: "w", status: "ready" },
      annotations: {},
      deleting: false,
      phase: "Running",
      ready: true,
      ip: "127.0.0.1",
      createdAt: this.clock - 10_000,
      startedAt: this.clock - 10_000,
      activeDeadlineSeconds: undefined,
      ...change,
    });
  }

  /** Changes a pod, as if another client had changed it. */
  change(name: string, change: Partial<Pod>): Pod {
    return this.#put({ ...this.#get(name), ...change });
  }

  /** Removes a pod, as if another client had deleted it. */
  remove(name: string): void {
    const pod = this.#pods.get(name);
    this.#pods.delete(name);
    if (pod !== undefined) {
      this.#tell({ kind: "gone", pod: { ...pod, resourceVersion: this.#next() } });
    }
  }

  has(name: string): boolean {
    return this.#pods.has(name);
  }

  /** Makes the next call of this name fail. A second failure is for the call after that. */
  fail(call: PodApiCall, failure: Failure): void {
    this.#failures.set(call, [...this.#failures.get(call) ?? [], failure]);
  }

  /** Makes calls of this name wait until the returned function is called. */
  stall(call: PodApiCall): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stalled.set(call, promise);
    return () => {
      this.#stalled.delete(call);
      resolve();
    };
  }

  /** Holds events back until `tell` is called. */
  hold(): void {
    this.#held = [];
  }

  /** Sends the events that were held back to the watchers. */
  tell(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.#tell(event);
  }

  /** Ends all watches of pods, with an error or normally. */
  cut(error?: Error): void {
    for (const { end } of [...this.#watchers]) end(error);
  }

  /** Ends all watches of the owner, with an error or normally. */
  cutOwner(error?: Error): void {
    for (const { end } of [...this.#ownerWatchers]) end(error);
  }

  /** Uid of the owner; undefined when the owner is missing. Watchers receive each change. */
  get owner(): string | undefined {
    return this.#owner;
  }

  set owner(uid: string | undefined) {
    this.#owner = uid;
    for (const { onOwner } of this.#ownerWatchers) onOwner(uid);
  }

  /** Number of open watches. */
  get watchers(): number {
    return this.#watchers.size;
  }

  list(): Promise<PodList> {
    return this.#call("list", () => ({
      pods: [...this.#pods.values()],
      resourceVersion: String(this.#version),
    }));
  }

  async watch(
    resourceVersion: string,
    onEvent: (event: WatchEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#call("watch", () => {
      this.watchedFrom.push(resourceVersion);
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const watcher = {
      onEvent,
      end: (error?: Error) => error === undefined ? resolve() : reject(error),
    };
    this.#watchers.add(watcher);
    onEvent({ kind: "opened" });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
    await promise.finally(() => this.#watchers.delete(watcher));
  }

  read(name: string): Promise<Pod> {
    return this.#call("read", () => this.#get(name));
  }

  patch(name: string, operations: readonly PatchOperation[]): Promise<Pod> {
    return this.#call("patch", () => this.#patch(name, operations));
  }

  delete(name: string, { uid, resourceVersion }: Preconditions): Promise<void> {
    return this.#call("delete", () => {
      const pod = this.#get(name);
      if (pod.uid !== uid || (resourceVersion ?? pod.resourceVersion) !== pod.resourceVersion) {
        throw new ApiError("delete", 409, "precondition failed");
      }
      this.deleted.push(name);
      this.remove(name);
    });
  }

  ownerUid(): Promise<string> {
    return this.#call("owner", () => {
      if (this.owner === undefined) throw new ApiError("owner", 404, "not found");
      return this.owner;
    });
  }

  async watchOwner(
    onOwner: (uid: string | undefined) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#call("watchOwner", () => {});
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const watcher = {
      onOwner,
      end: (error?: Error) => error === undefined ? resolve() : reject(error),
    };
    this.#ownerWatchers.add(watcher);
    if (this.#owner !== undefined) onOwner(this.#owner);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
    await promise.finally(() => this.#ownerWatchers.delete(watcher));
  }

  now(): number {
    return this.clock;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  async #call<T>(call: PodApiCall, act: () => T): Promise<T> {
    this.calls.push(call);
    const failure = this.#failures.get(call)?.shift();
    // Wait even when no call is stalled: a real response never comes immediately.
    await this.#stalled.get(call);
    if (failure !== undefined && "before" in failure) throw failure.before;
    const result = act();
    if (failure !== undefined) throw failure.after;
    return result;
  }

  #patch(name: string, operations: readonly PatchOperation[]): Pod {
    const pod = this.#get(name);
    const { uid, resourceVersion, labels } = pod;
    // deno-lint-ignore no-explicit-any
    const object: any = structuredClone({
      metadata: { uid, resourceVersion, labels, annotations: pod.annotations },
      spec: {},
    });
    for (const { op, path, value } of operations) {
      const keys = path.slice(1).split("/").map((key) => key.replaceAll("~1", "/"));
      const last = keys.pop()!;
      const parent = keys.reduce((parent, key) => parent?.[key], object);
      const fits = parent !== undefined && (op === "add" || last in parent) &&
        (op !== "test" || parent[last] === value);
      if (!fits) throw new ApiError("claim", 422, "the server rejected our request");
      if (op !== "test") parent[last] = value;
    }
    const { metadata: { annotations, labels: newLabels }, spec } = object;
    const id = annotations?.["face-it.io/claim-id"];
    if (id !== pod.annotations?.["face-it.io/claim-id"]) this.claims.push({ uid, id });
    return this.#put({
      ...pod,
      labels: newLabels,
      annotations,
      activeDeadlineSeconds: spec.activeDeadlineSeconds ?? pod.activeDeadlineSeconds,
    });
  }

  #get(name: string): Pod {
    const pod = this.#pods.get(name);
    if (pod === undefined) throw new ApiError("read", 404, "not found");
    return pod;
  }

  #put(pod: Pod): Pod {
    const versioned = { ...pod, resourceVersion: this.#next() };
    this.#pods.set(pod.name, versioned);
    this.#tell({ kind: "seen", pod: versioned });
    return versioned;
  }

  #next(): string {
    return String(++this.#version);
  }

  #tell(event: WatchEvent): void {
    if (this.#held !== undefined) this.#held.push(event);
    else for (const { onEvent } of [...this.#watchers]) onEvent(event);
  }
}

/** Makes the error for a call without an answer. `reached`: the server may have received it. */
export function noAnswer(reached: boolean): ConnectionError {
  return new ConnectionError("call", reached, new Error("The connection broke"));
}
