/** Pods for tests that are asked if they are ready. */

import type { ReadyClient } from "./ready_client.ts";

/** Answers for pods. */
export class FakeReadyClient implements ReadyClient {
  /** Addresses of the pods that say that they are ready. */
  readonly ready = new Set<string>();
  /** Addresses that were asked, in order. */
  readonly asked: string[] = [];
  closed = false;

  isReady({ hostname }: URL): Promise<boolean> {
    this.asked.push(hostname);
    return Promise.resolve(this.ready.has(hostname));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
