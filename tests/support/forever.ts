/** A signal for tests that abort nothing. */

/** Returns a signal that never aborts. */
export const forever = (): AbortSignal => new AbortController().signal;
