/** Waits in tests for work that needs no more time. */

/** Resolves when everything that is already due has run: pending promises and timers of 0 ms. */
export const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
