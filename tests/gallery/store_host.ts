/** A store in the process of the test, for the property tests. */

import type { GalleryStore } from "../../gallery/store/store.ts";
import type { StoreHost } from "./store_property.ts";
import { callStore } from "./store_steps.ts";

/** Starts and kills what holds the data of a store. */
export interface DataHolder {
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/**
 * Opens a store for the property tests.
 *
 * @param open Opens the store with the given clock
 * @param holder Holds the data; without it, the store cannot be killed
 */
export async function hostHere(
  open: (now: () => number) => Promise<GalleryStore>,
  holder?: DataHolder,
): Promise<StoreHost> {
  const clock = { now: 0 };
  const start = () => open(() => clock.now);
  let store = await start();
  const reopen = async () => {
    await store[Symbol.asyncDispose]();
    store = await start();
  };
  return {
    call(now, call) {
      clock.now = now;
      return callStore(store, now, call);
    },
    reopen,
    async kill() {
      await holder!.kill();
    },
    /** The store stays open: it must find its way back to a server that has restarted. */
    async revive() {
      await holder!.restart();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(store[Symbol.asyncDispose]()),
  };
}
