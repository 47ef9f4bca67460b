/** Waits in tests for work that is already due. */

/** Resolves when all work that is due has run: resolved promises and timers of 0 ms. */
export const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
