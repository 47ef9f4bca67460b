/**
 * Watches the ConfigMap that owns claimed pods. When it is created again, its uid changes. A pod that is
 * claimed with the old uid has an owner that does not exist, and is deleted while it serves.
 */

import { backoffMs } from "../../../shared/backoff.ts";
import { describeError } from "../../../shared/log.ts";
import { ApiError, type PodApi } from "./api_server/pod_api.ts";
import type { PoolServices } from "./services.ts";

/** Receiver of {@linkcode watchOwner}, and the services that it uses. */
export interface OwnerWatchOptions {
  /** Called with the uid of the ConfigMap, or undefined without one. */
  readonly onOwner: (uid: string | undefined) => void;
  readonly services: PoolServices;
}

const BACKOFF = { firstMs: 100, maxMs: 10_000 };

/**
 * Reads the owner and watches it until the signal aborts. After every end of a watch, the owner is
 * read again.
 */
export async function watchOwner(
  { onOwner, services: { api, log, random, delay } }: OwnerWatchOptions,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      onOwner(await readOwner(api));
      await api.watchOwner((uid) => {
        failures = 0;
        onOwner(uid);
      }, signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures++;
      log.warn({ error: describeError(error), failures }, "watch of the pool's ConfigMap failed");
    }
    await delay(backoffMs(Math.max(failures, 1), BACKOFF, random()), signal).catch(() => {});
  }
}

async function readOwner(api: PodApi): Promise<string | undefined> {
  try {
    return await api.ownerUid();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
