/**
 * Remembers for whom a search has just matched. Their next search is allowed, too, so the gallery
 * service need not be asked before a worker is used.
 */

import type { GalleryCaller, Whom } from "../../gallery/gallery_client.ts";

/** A caller, and the client that its application names. */
export interface Searcher {
  readonly caller: Pick<GalleryCaller, "collection" | "key">;
  readonly whom: Whom;
}

/**
 * Milliseconds that a match is remembered. Another replica may count failures meanwhile. Its limit
 * then holds in the decision, after a worker was used.
 */
const REMEMBERED_MS = 1000;
/** Most searchers that are remembered. */
const MAX_SEARCHERS = 1000;

/** The searches that matched a moment ago. */
export class RecentMatches {
  readonly #matchedAt = new Map<string, number>();
  readonly #now: () => number;

  /** @param now Returns the milliseconds of a monotonic clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** True when the last search of this searcher has matched a moment ago. False for one user. */
  has(searcher: Searcher): boolean {
    const matchedAt = this.#matchedAt.get(nameOf(searcher) ?? "");
    return matchedAt !== undefined && this.#now() - matchedAt < REMEMBERED_MS;
  }

  /** Remembers a search that has matched. Forgets the oldest one when there are too many. */
  add(searcher: Searcher): void {
    const name = nameOf(searcher);
    if (name === undefined) return;
    this.#matchedAt.delete(name);
    this.#matchedAt.set(name, this.#now());
    if (this.#matchedAt.size <= MAX_SEARCHERS) return;
    for (const oldest of this.#matchedAt.keys().take(1)) this.#matchedAt.delete(oldest);
  }

  /** Forgets a searcher whose search did not match. */
  delete(searcher: Searcher): void {
    this.#matchedAt.delete(nameOf(searcher) ?? "");
  }
}

/**
 * Returns the searcher as one text. undefined for a comparison with one user: it repeats too rarely,
 * and its few free failures end too soon.
 */
function nameOf({ caller: { collection, key }, whom }: Searcher): string | undefined {
  if (whom.userId !== undefined) return undefined;
  return JSON.stringify([collection, key ?? null, whom.clientRef ?? null]);
}
