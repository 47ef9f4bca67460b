/**
 * Remembers whose next search is allowed, because the last decision has told it. Then the api need
 * not ask the gallery service before it uses a worker.
 */

import type { GalleryCaller, Whom } from "../../gallery/gallery_client.ts";

/** A caller, and the client that its application names. */
export interface Searcher {
  readonly caller: Pick<GalleryCaller, "collection" | "key">;
  readonly whom: Whom;
}

/**
 * Milliseconds that a searcher is remembered. Other searches may reach the limit meanwhile. Then the
 * requests that are under way use workers in vain, and their decisions are refused.
 */
const REMEMBERED_MS = 10_000;
/** Most searchers that are remembered. */
const MAX_SEARCHERS = 1000;

/** The searchers whose next search is allowed. */
export class AllowedSearchers {
  readonly #allowedAt = new Map<string, number>();
  readonly #now: () => number;

  /** @param now Returns the milliseconds of a monotonic clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** True when {@linkcode add} was called less than ten seconds ago. False for one user. */
  has(searcher: Searcher): boolean {
    const allowedAt = this.#allowedAt.get(nameOf(searcher) ?? "");
    return allowedAt !== undefined && this.#now() - allowedAt < REMEMBERED_MS;
  }

  /** Remembers a searcher. Forgets the oldest one when there are too many. */
  add(searcher: Searcher): void {
    const name = nameOf(searcher);
    if (name === undefined) return;
    this.#allowedAt.delete(name);
    this.#allowedAt.set(name, this.#now());
    if (this.#allowedAt.size <= MAX_SEARCHERS) return;
    for (const oldest of this.#allowedAt.keys().take(1)) this.#allowedAt.delete(oldest);
  }

  /** Forgets a searcher, whose next search may be refused. */
  delete(searcher: Searcher): void {
    this.#allowedAt.delete(nameOf(searcher) ?? "");
  }
}

/**
 * Returns the searcher as one text. undefined for a comparison with one user: it repeats too rarely,
 * and no decision tells that the user is locked.
 */
function nameOf({ caller: { collection, key }, whom }: Searcher): string | undefined {
  if (whom.userId !== undefined) return undefined;
  return JSON.stringify([collection, key ?? null, whom.clientRef ?? null]);
}
