/** Counts the requests of each key and of each client address in this replica. */

import { createHash } from "node:crypto";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { networkOfClient } from "./client_address.ts";

/** Length of the window in which requests are counted. */
export const WINDOW_SECONDS = 60;

/**
 * Number of groups into which the addresses are divided. It bounds the memory: a client with many
 * addresses cannot fill it.
 */
const ADDRESS_GROUPS = 16_384;

/** State of one limit after a request was counted. */
export interface Quota {
  /** Name of the limit. */
  readonly policy: "address" | "key";
  /** Number of requests that the window allows. */
  readonly limit: number;
  readonly remaining: number;
  /** Whole seconds until the window ends, at least 1. */
  readonly resetSeconds: number;
  /** True when this request is one too many. */
  readonly exceeded: boolean;
}

/** Counts requests. */
export interface Rates {
  /** Counts a request of a key. */
  ofKey(id: string, perMinute: number): Promise<Quota>;
  /** Counts a request of a client address. undefined: addresses have no limit. */
  ofAddress(address: string): Promise<Quota | undefined>;
}

/**
 * Makes the counters.
 *
 * @param addressPerMinute Requests that an address may send in a minute. undefined: no limit
 */
export function createRates(addressPerMinute: number | undefined): Rates {
  const addresses = addressPerMinute === undefined ? undefined : newLimiter(addressPerMinute);
  /** A limiter for each rate of a key. The number of keys bounds them. */
  const byRate = new Map<number, RateLimiterMemory>();
  // With a salt, nobody can choose addresses of one group.
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const groupOf = (address: string) =>
    createHash("sha256").update(salt).update(networkOfClient(address)).digest()
      .readUInt32BE() % ADDRESS_GROUPS;

  return {
    ofKey(id, perMinute) {
      let limiter = byRate.get(perMinute);
      if (limiter === undefined) byRate.set(perMinute, limiter = newLimiter(perMinute));
      return count(limiter, "key", id);
    },
    async ofAddress(address) {
      return addresses && await count(addresses, "address", groupOf(address));
    },
  };
}

const newLimiter = (points: number) => new RateLimiterMemory({ points, duration: WINDOW_SECONDS });

async function count(
  limiter: RateLimiterMemory,
  policy: Quota["policy"],
  name: string | number,
): Promise<Quota> {
  let exceeded = false;
  const state = await limiter.consume(name).catch((refused: unknown) => {
    // The library rejects with the state when there are too many requests.
    if (!(refused instanceof RateLimiterRes)) throw refused;
    exceeded = true;
    return refused;
  });
  return {
    policy,
    limit: limiter.points,
    remaining: state.remainingPoints,
    resetSeconds: Math.max(1, Math.ceil(state.msBeforeNext / 1000)),
    exceeded,
  };
}
