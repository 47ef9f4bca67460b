/** What happens to the workers' pods, as the API server tells it. */

import { Admin, type Thing } from "../support/kubernetes.ts";
import { eventually } from "../support/eventually.ts";

/** Something happened to a pod. */
export interface PodEvent {
  readonly type: string;
  readonly pod: Thing;
  /** When it was heard of; milliseconds since 1970. */
  readonly at: number;
}

/** Follows the pods until it is disposed. */
export interface WatchedWorkers extends AsyncDisposable {
  /** All that happened so far, in order; first the pods that were there. */
  readonly events: readonly PodEvent[];
  /** Waits for the first event of that kind. */
  until(what: string, matches: (event: PodEvent) => boolean): Promise<PodEvent>;
}

/** Watches the workers of a namespace, or other pods in it. */
export async function watchWorkers(
  namespace: string,
  selector = "app=face-recognition-worker",
): Promise<WatchedWorkers> {
  const admin = await Admin.connect();
  const stop = new AbortController();
  const events: PodEvent[] = [];
  const query = new URLSearchParams({ labelSelector: selector });
  const path = `/api/v1/namespaces/${namespace}/pods?${query}`;
  const following = (async () => {
    for await (const { type, object } of admin.watch(path, stop.signal)) {
      events.push({ type, pod: object, at: Date.now() });
    }
  })();
  return {
    events,
    async until(what, matches) {
      await eventually(() => events.some(matches), what, 60_000);
      return events.find(matches)!;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await following;
      await admin[Symbol.asyncDispose]();
    },
  };
}
