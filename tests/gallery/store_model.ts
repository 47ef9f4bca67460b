/** The gallery's store as a plain map: the model of the property tests. */

import type { UserKey } from "../../gallery/store/store.ts";
import type { Step, UserSummary } from "./store_steps.ts";

/** Everything that a store holds. It is never changed: a step makes another one. */
export interface Model {
  /** Users by their keys, also those that have expired and are not purged yet. */
  readonly users: ReadonlyMap<string, UserSummary>;
  /** Tokens that were decided. */
  readonly decided: ReadonlySet<string>;
}

/** The model of an empty store. */
export const EMPTY: Model = { users: new Map(), decided: new Set() };

/** Returns a text for a user, as the key of a map. */
export const keyOf = ({ collection, userId }: UserKey): string =>
  JSON.stringify([collection, userId]);

/** Returns the model after a step, and the result that the step must have. */
export function applyStep(
  model: Model,
  step: Step,
  now: number,
): { readonly model: Model; readonly result: unknown } {
  const users = new Map(model.users);
  const visible = (key: UserKey) => {
    const user = users.get(keyOf(key));
    return user && !isExpired(user, now) ? user : undefined;
  };
  switch (step.kind) {
    case "put": {
      const old = visible(step.user);
      users.set(keyOf(step.user), {
        ...step.user,
        name: step.name,
        ...(step.ttl === undefined ? {} : { expiresAt: now + step.ttl }),
        seeds: old?.seeds ?? [],
      });
      return { model: { ...model, users }, result: old === undefined };
    }
    case "delete": {
      const result = visible(step.user) !== undefined;
      users.delete(keyOf(step.user));
      return { model: { ...model, users }, result };
    }
    case "add": {
      const user = visible(step.user);
      if (!user) return { model, result: "no_such_user" };
      if (user.seeds.includes(step.seed)) return { model, result: false };
      users.set(keyOf(user), { ...user, seeds: [...user.seeds, step.seed].toSorted() });
      return { model: { ...model, users }, result: true };
    }
    case "remove": {
      const user = visible(step.user);
      if (!user?.seeds.includes(step.seed)) return { model, result: false };
      users.set(keyOf(user), {
        ...user,
        seeds: user.seeds.filter((seed) => seed !== step.seed),
      });
      return { model: { ...model, users }, result: true };
    }
    case "decide": {
      if (model.decided.has(step.jti)) return { model, result: "replayed" };
      const decided = new Set(model.decided).add(step.jti);
      return { model: { ...model, decided }, result: "decided" };
    }
    case "purge": {
      const expired = [...users.values()].filter((user) => isExpired(user, now));
      for (const user of expired) users.delete(keyOf(user));
      return { model: { ...model, users }, result: expired.length };
    }
  }
}

/** Returns the users that exist, in the order in which a store reads them. */
export function visibleUsers({ users }: Model, now: number): UserSummary[] {
  return [...users.values()].filter((user) => !isExpired(user, now)).toSorted((a, b) =>
    keyOf(a) < keyOf(b) ? -1 : 1
  );
}

/** True when a user does not exist any more. */
export const isExpired = ({ expiresAt }: UserSummary, now: number): boolean =>
  expiresAt !== undefined && expiresAt <= now;
