/** Steps of the store's property tests, on a store. Steps and results can be sent as JSON. */

import type { GalleryStore, IndexedUser, Position, UserKey } from "../../gallery/store/store.ts";
import { newTemplate } from "../support/gallery_store.ts";

/** One step. A seed names a template: see newTemplate. */
export type Step =
  | { readonly kind: "put"; readonly user: UserKey; readonly name: string; readonly ttl?: number }
  | { readonly kind: "delete"; readonly user: UserKey }
  | { readonly kind: "add"; readonly user: UserKey; readonly seed: number }
  | { readonly kind: "remove"; readonly user: UserKey; readonly seed: number }
  | { readonly kind: "decide"; readonly jti: string; readonly user?: UserKey }
  | { readonly kind: "purge" };

/** A user as the tests compare it. */
export interface UserSummary extends UserKey {
  readonly name: string;
  readonly expiresAt?: number;
  /** Seeds of the templates, sorted. */
  readonly seeds: readonly number[];
}

/** A call on a store. */
export type Call =
  | { readonly call: "step"; readonly step: Step }
  | { readonly call: "dump" }
  | { readonly call: "position" }
  | { readonly call: "changes"; readonly position: Position };

/** Greatest seed of a template. */
export const MAX_SEED = 3;

/** Makes a call, and returns a result that JSON can represent. */
export async function callStore(store: GalleryStore, now: number, call: Call): Promise<unknown> {
  switch (call.call) {
    case "step":
      return await runStep(store, now, call.step);
    case "dump":
      return (await Array.fromAsync(store.readUsers())).map(summarize);
    case "position":
      return await store.position();
    case "changes": {
      const changes = await store.changesSince(call.position);
      if (changes.kind === "rebuild") return changes;
      const users = changes.users.map(({ collection, userId, user }) => ({
        collection,
        userId,
        user: user ? summarize(user) : null,
      }));
      return { ...changes, users };
    }
  }
}

async function runStep(store: GalleryStore, now: number, step: Step): Promise<unknown> {
  switch (step.kind) {
    case "put": {
      const { user, name, ttl } = step;
      const fields = ttl === undefined ? { name } : { name, expiresAt: now + ttl };
      return (await store.putUser(user, fields)).created;
    }
    case "delete":
      return await store.deleteUser(step.user);
    case "add": {
      const result = await store.addTemplate(step.user, newTemplate(step.seed));
      return result.kind === "stored" ? result.added : result.kind;
    }
    case "remove": {
      const users = await Array.fromAsync(store.readUsers(step.user.collection));
      const template = users.find(({ userId }) => userId === step.user.userId)?.templates
        .find(({ photo }) => seedOf(photo) === step.seed);
      return await store.deleteTemplate(step.user, template?.templateId ?? "none");
    }
    case "decide": {
      const position = await store.position();
      const matched = step.user ? { matched: step.user } : {};
      const { kind } = await store.decide({
        jti: step.jti,
        expiresAt: Number.MAX_SAFE_INTEGER,
        position,
        ...matched,
      });
      return kind;
    }
    case "purge":
      return await store.purge();
  }
}

function summarize({ collection, userId, name, expiresAt, templates }: IndexedUser): UserSummary {
  for (const { photo, embedding } of templates) {
    const expected = newTemplate(seedOf(photo)).embedding;
    if (!embedding.every((value, i) => value === expected[i])) {
      throw new Error(`A template of ${userId} is not the one that was stored`);
    }
  }
  return {
    collection,
    userId,
    name,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    seeds: templates.map(({ photo }) => seedOf(photo)).toSorted(),
  };
}

const SEEDS = new Map(
  Array.from({ length: MAX_SEED + 1 }, (_, seed) => [newTemplate(seed).photo.toHex(), seed]),
);

function seedOf(photo: Uint8Array): number {
  const seed = SEEDS.get(new Uint8Array(photo).toHex());
  if (seed === undefined) throw new Error("A template has a photo that was never stored");
  return seed;
}
