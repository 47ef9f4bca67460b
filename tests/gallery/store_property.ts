/** The property of every store: whatever happens to it, it holds what its model holds. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Position, UserKey } from "../../gallery/store/store.ts";
import { applyStep, EMPTY, isExpired, keyOf, type Model, visibleUsers } from "./store_model.ts";
import { type Call, MAX_SEED, type Step, type UserSummary } from "./store_steps.ts";

/** A store under test, which can be closed or killed. Disposing of it closes the store. */
export interface StoreHost extends AsyncDisposable {
  /**
   * Makes a call. Rejects when the store is killed meanwhile.
   *
   * @param now Milliseconds since 1970, the store's time
   */
  call(now: number, call: Call): Promise<unknown>;
  /** Closes the store and opens it again. */
  reopen(): Promise<void>;
  /** Kills what holds the data, with SIGKILL. */
  kill(): Promise<void>;
  /** Starts again what was killed, and opens the store. */
  revive(): Promise<void>;
}

/** Something that happens to a store. */
export type Event =
  | { readonly kind: "step"; readonly step: Step }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "reopen" }
  /** The store is killed while it runs this step. */
  | { readonly kind: "kill"; readonly during: Step };

/** Makes lists of events, with or without kills. */
export function eventLists(withKills: boolean): fc.Arbitrary<Event[]> {
  const user = fc.record<UserKey>({
    collection: fc.constantFrom("a", "b"),
    userId: fc.constantFrom("alice", "bob"),
  });
  const name = fc.constantFrom("N", "M");
  const seed = fc.integer({ min: 0, max: MAX_SEED });
  const kind = <Kind extends Step["kind"]>(kind: Kind) => fc.constant(kind);
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: kind("put"), user, name }) },
    fc.record({ kind: kind("put"), user, name, ttl: fc.integer({ min: 1, max: 20 }) }),
    { weight: 2, arbitrary: fc.record({ kind: kind("delete"), user }) },
    { weight: 5, arbitrary: fc.record({ kind: kind("add"), user, seed }) },
    { weight: 2, arbitrary: fc.record({ kind: kind("remove"), user, seed }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: kind("decide"),
        jti: fc.constantFrom("j1", "j2", "j3", "j4", "j5"),
        user,
      }),
    },
    fc.record({ kind: kind("purge") }),
  );
  const event: fc.Arbitrary<Event> = fc.oneof(
    { weight: 20, arbitrary: fc.record({ kind: fc.constant("step" as const), step }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("wait" as const),
        ms: fc.integer({ min: 1, max: 15 }),
      }),
    },
    { weight: withKills ? 0 : 2, arbitrary: fc.record({ kind: fc.constant("reopen" as const) }) },
    {
      weight: withKills ? 4 : 0,
      arbitrary: fc.record({ kind: fc.constant("kill" as const), during: step }),
    },
  );
  // Without the size, most lists would be short.
  return fc.array(event, { minLength: 5, maxLength: withKills ? 25 : 50, size: "max" });
}

/**
 * Lets events happen to an empty store, and compares the store with the model after each one. What
 * was acknowledged must be there. A step that was interrupted may have happened or not.
 *
 * @throws {Error} when the store does not hold what the model holds
 */
export async function checkEvents(host: StoreHost, events: readonly Event[]): Promise<void> {
  let model = EMPTY;
  let now = 1_000_000;
  const reader = await startReader(host, now);
  for (const event of events) {
    switch (event.kind) {
      case "step": {
        const expected = applyStep(model, event.step, now);
        const result = await host.call(now, { call: "step", step: event.step });
        assertEquals(result, expected.result, JSON.stringify(event));
        model = expected.model;
        break;
      }
      case "wait":
        now += event.ms;
        break;
      case "reopen":
        await host.reopen();
        break;
      case "kill": {
        const expected = applyStep(model, event.during, now);
        const running = host.call(now, { call: "step", step: event.during });
        const [outcome] = await Promise.allSettled([running, host.kill()]);
        await host.revive();
        if (outcome.status === "fulfilled") {
          assertEquals(outcome.value, expected.result, JSON.stringify(event));
          model = expected.model;
        } else {
          model = await findModel(host, now, event.during, [model, expected.model]);
        }
        break;
      }
    }
    const users = visibleUsers(model, now);
    assertEquals(await host.call(now, { call: "dump" }), users, JSON.stringify(event));
    assertEquals(await reader(now), users, JSON.stringify(event));
  }
  for (const jti of model.decided) {
    const result = await host.call(now, { call: "step", step: { kind: "decide", jti } });
    assertEquals(result, "replayed", jti);
  }
}

/** Returns the model that a store holds after a step that was interrupted. */
async function findModel(
  host: StoreHost,
  now: number,
  step: Step,
  [before, after]: [Model, Model],
): Promise<Model> {
  if (step.kind === "decide") {
    // The second attempt finds out, and after it the token is used up.
    const result = await host.call(now, { call: "step", step });
    assert(before.decided.has(step.jti) ? result === "replayed" : true, JSON.stringify(step));
    return after;
  }
  // A purge in two transactions, or of rows that nobody sees, is repeated.
  if (step.kind === "purge") {
    await host.call(now, { call: "step", step });
    return after;
  }
  const found = JSON.stringify(await host.call(now, { call: "dump" }));
  // A row that has expired is not seen, so only a repetition makes the two equal.
  const happened = found === JSON.stringify(visibleUsers(after, now));
  const expected = JSON.stringify(visibleUsers(happened ? after : before, now));
  assertEquals(found, expected, JSON.stringify(step));
  if (step.kind === "delete") {
    await host.call(now, { call: "step", step });
    return after;
  }
  return happened ? after : before;
}

/** Returns a function that follows the changes of a store, as an index does. */
async function startReader(host: StoreHost, now: number) {
  type Answer =
    | { kind: "rebuild" }
    | {
      kind: "changes";
      position: Position;
      users: (UserKey & { user: UserSummary | null })[];
      more: boolean;
    };
  let position = await host.call(now, { call: "position" }) as Position;
  const users = new Map<string, UserSummary>();
  return async (now: number): Promise<UserSummary[]> => {
    for (;;) {
      const changes = await host.call(now, { call: "changes", position }) as Answer;
      assert(changes.kind === "changes", "The history of the store has changed");
      for (const { user, ...key } of changes.users) {
        if (user) users.set(keyOf(key), user);
        else users.delete(keyOf(key));
      }
      position = changes.position;
      if (!changes.more) break;
    }
    return [...users.values()].filter((user) => !isExpired(user, now)).toSorted((a, b) =>
      keyOf(a) < keyOf(b) ? -1 : 1
    );
  };
}
