/** Watches the pods of workers. */

import { eventually } from "../support/eventually.ts";
import { type KubeObject, KubernetesClient, pathOf } from "../support/kubernetes.ts";

/** Something that happened to a pod. */
export interface PodEvent {
  readonly type: string;
  readonly pod: KubeObject;
  /** Time at which the event was received; milliseconds since 1970. */
  readonly at: number;
}

/** A watch of pods, which ends when it is disposed of. */
export interface WatchedWorkers extends AsyncDisposable {
  /** All events so far, in order. The first events are the pods that already existed. */
  readonly events: readonly PodEvent[];
  /** Waits for the first event that matches, and returns it; by default for 60 s. */
  until(
    what: string,
    matches: (event: PodEvent) => boolean,
    timeoutMs?: number,
  ): Promise<PodEvent>;
}

/** Watches the pods with these labels in a namespace; by default all pods of workers. */
export async function watchWorkers(
  namespace: string,
  selector = "app=face-recognition-worker",
): Promise<WatchedWorkers> {
  const client = await KubernetesClient.connect();
  const stop = new AbortController();
  const events: PodEvent[] = [];
  const query = new URLSearchParams({ labelSelector: selector });
  const path = `${pathOf("Pod", undefined, namespace)}?${query}`;
  const following = (async () => {
    for await (const { type, object } of client.watch(path, stop.signal)) {
      events.push({ type, pod: object, at: Date.now() });
    }
  })();
  return {
    events,
    async until(what, matches, timeoutMs = 60_000) {
      await eventually(() => events.some(matches), what, timeoutMs);
      return events.find(matches)!;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await following;
      await client[Symbol.asyncDispose]();
    },
  };
}
