import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fuse } from "../../matching/fuse.ts";
import { cosine, normalize } from "../../matching/vector.ts";
import type { IndexedUser } from "../store/store.ts";
import type { IndexMatch, IndexQuery } from "./gallery_index.ts";
import { createGalleryIndex } from "./memory_index.ts";

/** Length of the vectors of each model. */
const DIMENSIONS = { small: 3, large: 6 } as const;
const models = Object.keys(DIMENSIONS) as (keyof typeof DIMENSIONS)[];

const model = fc.constantFrom(...models);
const collection = fc.constantFrom("east", "west");
const userId = fc.nat(9).map((n) => `user ${n}`);
const time = fc.nat(20);

/** Returns vectors of whole numbers, so that several users are often equally near. */
const vector = (dimension: number) =>
  fc.array(fc.integer({ min: -2, max: 2 }), { minLength: dimension, maxLength: dimension })
    .filter((numbers) => numbers.some((number) => number !== 0)).map(normalize);

const template = model.chain((model) =>
  fc.record({
    templateId: fc.uuid(),
    model: fc.constant(model),
    embedding: vector(DIMENSIONS[model]),
    photo: fc.constant(new Uint8Array(32)),
  })
);

const user: fc.Arbitrary<IndexedUser> = fc.record({
  collection,
  userId,
  name: fc.constantFrom("Ada", "Bo"),
  templates: fc.array(template, { maxLength: 3 }),
  expiresAt: time,
}, { requiredKeys: ["collection", "userId", "name", "templates"] });

const query: fc.Arbitrary<IndexQuery> = model.chain((model) =>
  fc.record({
    collection,
    model: fc.constant(model),
    probe: vector(DIMENSIONS[model]),
    userId,
    exceptUserId: userId,
    now: time,
  }, { requiredKeys: ["collection", "model", "probe", "now"] })
);

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ put: user }) },
  { weight: 1, arbitrary: fc.record({ remove: fc.record({ collection, userId }) }) },
  { weight: 3, arbitrary: fc.record({ search: query }) },
  { weight: 1, arbitrary: fc.record({ count: collection, now: time }) },
);

Deno.test("an index finds the same as a comparison with all users of a map", () => {
  const options = fc.record({
    rowsPerSegment: fc.integer({ min: 1, max: 12 }),
    usearchFrom: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(options, fc.array(step, { maxLength: 100, size: "max" }), (options, steps) => {
      const index = createGalleryIndex(options);
      const users = new Map<string, IndexedUser>();
      const keyOf = ({ collection, userId }: { collection: string; userId: string }) =>
        `${collection}/${userId}`;
      for (const step of steps) {
        if ("put" in step) {
          index.put(step.put);
          users.set(keyOf(step.put), step.put);
        } else if ("remove" in step) {
          index.remove(step.remove);
          users.delete(keyOf(step.remove));
        } else if ("search" in step) {
          checkSearch(index.search(step.search), step.search, [...users.values()]);
        } else {
          const living = [...users.values()].filter((user) =>
            user.collection === step.count && isAlive(user, step.now)
          );
          const expected = living.reduce((sum, { templates }) => sum + templates.length, 0);
          assertEquals(index.countTemplates(step.count, step.now), expected);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

const isAlive = ({ expiresAt = Infinity }: IndexedUser, now: number) => expiresAt > now;

/** Checks the result of a search against a comparison with each user. */
function checkSearch(
  found: IndexMatch | undefined,
  { collection, model, probe, userId, exceptUserId, now }: IndexQuery,
  users: readonly IndexedUser[],
): void {
  const compared = users.flatMap((user) => {
    const templates = user.templates.filter((template) => template.model === model);
    const isAsked = user.collection === collection && templates.length > 0 && isAlive(user, now) &&
      (userId === undefined || user.userId === userId) && user.userId !== exceptUserId;
    if (!isAsked) return [];
    const fused = fuse(templates.map(({ embedding }) => embedding));
    const similarity = Math.min(Math.max(cosine(fused, probe), -1), 1);
    return [{ user, count: templates.length, similarity }];
  }).toSorted((a, b) => b.similarity - a.similarity);
  const [best, second] = compared;
  if (best === undefined) {
    assertEquals(found, undefined);
    return;
  }
  assertEquals(found?.similarity, best.similarity);
  assertEquals(found?.runnerUp, second?.similarity);
  assertEquals(found?.compared, compared.reduce((sum, { count }) => sum + count, 0));
  // Of several users that are equally near, any one may be found.
  const nearest = compared.filter(({ similarity }) => similarity === best.similarity);
  const same = nearest.find(({ user }) => user.userId === found?.userId);
  assert(same, `${found?.userId} is not the nearest`);
  assertEquals(found?.name, same.user.name);
}
