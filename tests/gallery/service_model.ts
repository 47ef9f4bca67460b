/** A plain map that answers calls as the gallery service must. */

import { face, faceNear, photo } from "../../gallery/fake_faces.ts";
import { CALLS, type FakeCall } from "../../gallery/fake_caller.ts";

/** A call of a property test. Persons and photos are numbers. */
export type ServiceStep =
  | { readonly kind: "put"; readonly user: string; readonly ttl?: number }
  | { readonly kind: "delete"; readonly user: string }
  | {
    readonly kind: "add";
    readonly user: string;
    readonly person: number;
    readonly photo: number;
    readonly force: boolean;
  }
  | { readonly kind: "remove"; readonly user: string; readonly photo: number }
  | { readonly kind: "decide"; readonly person: number; readonly user?: string };

/** The part of an answer that the model knows: a user_id, null for no match, or the status and code. */
export type Expected = string | null;

interface ModelUser {
  readonly expiresAt: number;
  /** The person of each photo. */
  readonly photos: ReadonlyMap<number, number>;
}

/** Users by user_id. */
export type ServiceModel = ReadonlyMap<string, ModelUser>;

/** Returns the model after a step, and the answer to it. */
export function applyServiceStep(
  model: ServiceModel,
  step: ServiceStep,
  now: number,
): { readonly model: ServiceModel; readonly answer: Expected } {
  const live = new Map([...model].filter(([, { expiresAt }]) => expiresAt > now));
  const personsOf = (id: string) => new Set(live.get(id)?.photos.values() ?? []);
  switch (step.kind) {
    case "put": {
      const created = !live.has(step.user);
      const photos = live.get(step.user)?.photos ?? new Map();
      const expiresAt = step.ttl === undefined ? Infinity : now + step.ttl;
      return {
        model: live.set(step.user, { expiresAt, photos }),
        answer: created ? "201" : "200",
      };
    }
    case "delete":
      live.delete(step.user);
      return { model: live, answer: "204" };
    case "remove": {
      const user = live.get(step.user);
      if (user === undefined) return { model: live, answer: "204" };
      const photos = new Map(user.photos);
      photos.delete(step.photo);
      return { model: live.set(step.user, { ...user, photos }), answer: "204" };
    }
    case "add": {
      const user = live.get(step.user);
      if (user === undefined) return { model: live, answer: "user_not_found" };
      if (user.photos.has(step.photo)) return { model: live, answer: "200" };
      const own = personsOf(step.user);
      if (own.size > 0 && !own.has(step.person)) {
        return { model: live, answer: "not_the_same_person" };
      }
      const others = [...live.keys()].filter((id) => id !== step.user);
      if (!step.force && others.some((id) => personsOf(id).has(step.person))) {
        return { model: live, answer: "belongs_to_another_user" };
      }
      const photos = new Map(user.photos).set(step.photo, step.person);
      return { model: live.set(step.user, { ...user, photos }), answer: "201" };
    }
    case "decide": {
      const asked = step.user === undefined ? [...live.keys()] : [step.user];
      const matches = asked.filter((id) => personsOf(id).has(step.person));
      if (matches.length > 1) return { model: live, answer: "ambiguous_match" };
      return { model: live, answer: matches[0] ?? null };
    }
  }
}

/**
 * Returns the call of a step.
 *
 * @param templateId Returns the id of the template that a user has of a photo
 */
export function callOf(
  step: ServiceStep,
  now: number,
  templateId: (user: string, photo: number) => string,
): FakeCall {
  switch (step.kind) {
    case "put": {
      const expires_at = step.ttl === undefined
        ? {}
        : { expires_at: new Date(now + step.ttl).toISOString() };
      return CALLS.putUser(step.user, { name: step.user, ...expires_at });
    }
    case "delete":
      return CALLS.about("delete_user", step.user);
    case "remove":
      return CALLS.deleteTemplate(step.user, templateId(step.user, step.photo));
    case "add":
      return CALLS.addTemplate(step.user, face(step.person), {
        ...photo(step.photo),
        ...(step.force && { force: true }),
      });
    case "decide":
      return CALLS.decide(faceNear({ [step.person]: 0.9 }), {
        model: photo(0).model,
        ...(step.user !== undefined && { user_id: step.user }),
      });
  }
}
