/** Limits how many may do something at the same time. */

/** A number of slots. */
export interface Slots {
  /** Takes a slot, and resolves to false when none becomes free in time. */
  take(timeoutMs: number): Promise<boolean>;
  /** Gives a slot back. */
  release(): void;
}

/** Makes slots. Those who wait get a slot in the order in which they came. */
export function createSlots(count: number): Slots {
  let free = count;
  const waiting = new Set<() => void>();
  return {
    take(timeoutMs) {
      if (free > 0) {
        free--;
        return Promise.resolve(true);
      }
      return new Promise((resolve) => {
        const give = () => {
          clearTimeout(timer);
          resolve(true);
        };
        const timer = setTimeout(() => {
          waiting.delete(give);
          resolve(false);
        }, timeoutMs);
        waiting.add(give);
      });
    },
    release() {
      const [next] = waiting;
      if (next === undefined) {
        free++;
        return;
      }
      waiting.delete(next);
      next();
    },
  };
}
