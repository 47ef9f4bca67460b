/** The index: all users of a store in memory, one vector for each user and model. */

import { canonicalModel } from "../../models/known_models.ts";
import { createScan } from "../../matching/scan.ts";
import type { IndexedUser, UserKey } from "../store/store.ts";
import { ExpiryQueue } from "./expiry_queue.ts";
import { type FusedTemplates, fuseUser } from "./fuse_user.ts";
import type { GalleryIndex, IndexMatch, IndexQuery } from "./gallery_index.ts";
import { ModelVectors, type UserVector } from "./model_vectors.ts";

/** Settings of an index. The defaults are the fastest ones. */
export interface IndexOptions {
  /** Smallest number of vectors in a segment that are searched with usearch instead of a loop. */
  readonly usearchFrom?: number;
  /** Greatest number of vectors in a segment. */
  readonly rowsPerSegment?: number;
}

/** A user in the index. Texts that many users have are kept once: the name of the collection, models. */
interface KnownUser {
  readonly collection: Collection;
  readonly userId: string;
  readonly name: string;
  /** Infinity for a user that never expires. */
  readonly expiresAt: number;
  /** One for each model. Empty while the user has expired. */
  vectors: readonly UserVector<KnownUser>[];
}

/** The users of one collection. */
interface Collection {
  /** By user_id, with those that have expired. */
  readonly users: Map<string, KnownUser>;
  /** By model, without those that have expired. */
  readonly models: Map<string, ModelVectors<KnownUser>>;
}

/** Makes an empty index. */
export function createGalleryIndex(options: IndexOptions = {}): GalleryIndex {
  const scan = createScan(options.usearchFrom);
  const collections = new Map<string, Collection>();
  /** Length of the vectors of each model, in all collections. */
  const dimensions = new Map<string, number>();
  const expiring = new ExpiryQueue<KnownUser>();
  /** The vectors of users that have expired. The clock may be set back. */
  const expired = new Map<KnownUser, readonly FusedTemplates[]>();
  /** No user in `expired` expires later. */
  let latestExpired = -Infinity;

  const show = (user: KnownUser, fused: readonly FusedTemplates[]) => {
    const { models } = user.collection;
    user.vectors = fused.map(({ model, vector, templates }) => {
      let vectors = models.get(model);
      if (vectors === undefined) {
        vectors = new ModelVectors(model, vector.length, scan, options.rowsPerSegment);
        models.set(model, vectors);
      }
      return vectors.add(user, vector, templates);
    });
    if (user.expiresAt < Infinity) expiring.add(user);
  };
  const hide = (user: KnownUser) => {
    for (const vector of user.vectors) {
      vector.of.remove(vector);
      if (vector.of.templates === 0) user.collection.models.delete(vector.of.model);
    }
    user.vectors = [];
    expiring.remove(user);
  };
  const copyVectors = ({ vectors }: KnownUser): FusedTemplates[] =>
    vectors.map((vector) => {
      return {
        model: vector.of.model,
        vector: vector.of.copy(vector),
        templates: vector.templates,
      };
    });
  /** Hides the users that have expired, and shows those that have not expired yet. */
  const setTime = (now: number) => {
    for (let user; (user = expiring.takeExpired(now)) !== undefined;) {
      expired.set(user, copyVectors(user));
      latestExpired = Math.max(latestExpired, user.expiresAt);
      hide(user);
    }
    if (now >= latestExpired) return;
    latestExpired = -Infinity;
    for (const [user, fused] of expired) {
      if (user.expiresAt <= now) {
        latestExpired = Math.max(latestExpired, user.expiresAt);
      } else {
        expired.delete(user);
        show(user, fused);
      }
    }
  };
  const remove = ({ collection, userId }: UserKey) => {
    const users = collections.get(collection)?.users;
    const user = users?.get(userId);
    if (users === undefined || user === undefined) return;
    hide(user);
    expired.delete(user);
    users.delete(userId);
    if (users.size === 0) collections.delete(collection);
  };
  const checkDimension = (model: string, { length }: Float32Array, what: string) => {
    const dimension = dimensions.get(model);
    if (dimension === undefined || dimension === length) return;
    throw new RangeError(
      `${what} has ${length} numbers, and the model ${model} gives ${dimension}`,
    );
  };

  const countTemplates = (collection: string, now?: number) => {
    if (now !== undefined) setTime(now);
    let count = 0;
    for (const { templates } of collections.get(collection)?.models.values() ?? []) {
      count += templates;
    }
    return count;
  };

  return {
    put(stored: IndexedUser) {
      const { userId, name, expiresAt = Infinity } = stored;
      const fused = fuseUser(stored);
      for (const { model, vector } of fused) {
        checkDimension(model, vector, `A template of the user ${JSON.stringify(userId)}`);
      }
      remove(stored);
      for (const { model, vector } of fused) dimensions.set(model, vector.length);
      let collection = collections.get(stored.collection);
      if (collection === undefined) {
        collection = { users: new Map(), models: new Map() };
        collections.set(stored.collection, collection);
      }
      const user: KnownUser = { collection, userId, name, expiresAt, vectors: [] };
      collection.users.set(userId, user);
      show(user, fused);
    },
    remove,
    search({ collection, model: file, probe, userId, exceptUserId, now }: IndexQuery) {
      const model = canonicalModel(file);
      checkDimension(model, probe, "The probe");
      setTime(now);
      const known = collections.get(collection);
      const vectors = known?.models.get(model);
      if (vectors === undefined) return undefined;
      const vectorOf = (id: string | undefined) =>
        id === undefined
          ? undefined
          : known?.users.get(id)?.vectors.find((vector) => vector.of === vectors);
      const only = vectorOf(userId), except = vectorOf(exceptUserId);
      if (userId === undefined) return describe(vectors.findNearest(probe, except));
      if (only === undefined || only === except) return undefined;
      return describe(vectors.compareWith(only, probe));
    },
    countTemplates,
    count() {
      let users = 0, templates = 0;
      for (const [name, collection] of collections) {
        users += collection.users.size;
        templates += countTemplates(name);
      }
      return { users, templates };
    },
    dimensionOf: (model) => dimensions.get(canonicalModel(model)),
  };
}

type Found = ReturnType<ModelVectors<KnownUser>["findNearest"]>;

function describe(found: Found): IndexMatch | undefined {
  if (found === undefined) return undefined;
  const { user: { userId, name }, similarity, compared, runnerUp } = found;
  return { userId, name, similarity, compared, runnerUp };
}
