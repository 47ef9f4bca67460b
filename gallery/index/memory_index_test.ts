import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { randomPeople } from "../../tests/support/random_people.ts";
import { dimensionOf, MODEL_MANIFEST } from "../../models/manifest.ts";
import { normalize } from "../../matching/vector.ts";
import type { IndexedTemplate, IndexedUser } from "../store/store.ts";
import type { IndexQuery } from "./gallery_index.ts";
import { createGalleryIndex } from "./memory_index.ts";

const MODEL = "a".repeat(64), OTHER_MODEL = "b".repeat(64);
const COLLECTION = "default";

const template = (model: string, ...numbers: number[]): IndexedTemplate => ({
  templateId: crypto.randomUUID(),
  model,
  embedding: normalize(numbers),
  photo: new Uint8Array(32),
});

interface Fields extends Partial<IndexedUser> {
  readonly userId: string;
}

const user = (fields: Fields, ...templates: readonly IndexedTemplate[]): IndexedUser => ({
  collection: COLLECTION,
  name: fields.userId.toUpperCase(),
  templates,
  ...fields,
});

/** Makes an index of three people, of whom Alice has two templates. */
function setUp(options = {}) {
  const index = createGalleryIndex(options);
  index.put(user({ userId: "alice" }, template(MODEL, 1, 0, 0), template(MODEL, 1, 0.2, 0)));
  index.put(user({ userId: "bob" }, template(MODEL, 0, 1, 0)));
  index.put(user({ userId: "carol", expiresAt: 100 }, template(MODEL, 0, 0, 1)));
  const search = (probe: readonly number[], query: Partial<IndexQuery> = {}) =>
    index.search({
      collection: COLLECTION,
      model: MODEL,
      probe: normalize(probe),
      now: 0,
      ...query,
    });
  return { index, search };
}

Deno.test("a search finds the nearest user, and counts all templates of the collection", () => {
  for (const usearchFrom of [1, 2, 500]) {
    const { search } = setUp({ usearchFrom });
    const { similarity, runnerUp, ...found } = search([0.1, 1, 0])!;
    assertEquals(found, { userId: "bob", name: "BOB", compared: 4 });
    assertAlmostEquals(similarity, 0.995, 1e-3);
    assertAlmostEquals(runnerUp!, 0.198, 1e-3);
  }
});

Deno.test("files with the same recognition model have templates that are compared", () => {
  const { sha256: published, prepared_sha256: prepared } = MODEL_MANIFEST.models.recognition.small;
  const dimension = dimensionOf(published)!;
  const numbers = (at: number) => Array.from({ length: dimension }, (_, i) => i === at ? 1 : 0);
  const index = createGalleryIndex();
  index.put(user(
    { userId: "alice" },
    template(published, ...numbers(0)),
    template(prepared!, ...numbers(1)),
  ));
  const probe = normalize(numbers(0).map((value, i) => value + numbers(1)[i]!));
  for (const model of [published, prepared!]) {
    const found = index.search({ collection: COLLECTION, model, probe, now: 0 })!;
    assertEquals([found.userId, found.compared], ["alice", 2]);
    assertEquals(index.dimensionOf(model), dimension);
  }
});

Deno.test("a comparison with one user counts the user's templates, and has no second user", () => {
  const { search } = setUp();
  const found = search([0, 1, 0], { userId: "alice" })!;
  assertEquals([found.userId, found.compared, found.runnerUp], ["alice", 2, undefined]);
  assertEquals(search([0, 0, 1], { userId: "bob" })?.similarity, 0);
  for (const userId of ["nobody", "", "Alice", "__proto__"]) {
    assertEquals(search([1, 0, 0], { userId }), undefined);
  }
});

Deno.test("the nearest other user is found, and the templates of the excepted one do not count", () => {
  for (const usearchFrom of [1, 500]) {
    const { search } = setUp({ usearchFrom });
    const { userId, compared, runnerUp } = search([1, 0.5, 0], { exceptUserId: "alice" })!;
    assertEquals([userId, compared, runnerUp], ["bob", 2, 0]);
    assertEquals(search([1, 0.5, 0], { exceptUserId: "nobody" }), search([1, 0.5, 0]));
    assertEquals(search([1, 0, 0], { userId: "bob", exceptUserId: "bob" }), undefined);
    assertEquals(search([1, 0, 0], { userId: "bob", exceptUserId: "alice" })?.userId, "bob");
  }
});

Deno.test("nobody else is found when the excepted user is the only one", () => {
  const index = createGalleryIndex();
  index.put(user({ userId: "alice" }, template(MODEL, 1, 0)));
  const query = { collection: COLLECTION, model: MODEL, probe: normalize([1, 0]), now: 0 };
  assertEquals(index.search({ ...query, exceptUserId: "alice" }), undefined);
});

Deno.test("a user who has expired is not found, not counted, and is no second user", () => {
  const { index, search } = setUp();
  assertEquals(search([0, 0.1, 1], { now: 99 })?.userId, "carol");
  assertEquals(index.countTemplates(COLLECTION, 99), 4);
  assert(search([0, 1, 0.9], { now: 99 })!.runnerUp! > 0.6);
  const { userId, compared, runnerUp } = search([0, 1, 0.9], { now: 100 })!;
  assertEquals([userId, compared], ["bob", 3]);
  assert(runnerUp! < 0.1);
  assertEquals(search([0, 0, 1], { now: 100, userId: "carol" }), undefined);
  assertEquals(index.countTemplates(COLLECTION), 3);
});

Deno.test("a user is found again when the clock was wrong and is set back", () => {
  const { index, search } = setUp();
  search([1, 0, 0], { now: 1e15 });
  assertEquals(search([0, 0, 1], { now: 99 })?.userId, "carol");
  assertEquals(index.countTemplates(COLLECTION, 99), 4);
  assertEquals(search([0, 0, 1], { now: 100, userId: "carol" }), undefined);
});

Deno.test("a user who has expired can be removed, and replaced by one who has not", () => {
  const { index, search } = setUp();
  search([1, 0, 0], { now: 100 });
  index.put(user({ userId: "carol", expiresAt: 300 }, template(MODEL, 0, 0, 1)));
  assertEquals(search([0, 0, 1], { now: 299 })?.userId, "carol");
  search([1, 0, 0], { now: 300 });
  index.remove({ collection: COLLECTION, userId: "carol" });
  assertEquals(search([0, 0, 1], { now: 0, userId: "carol" }), undefined);
  assertEquals(search([0, 0, 1], { now: 0 })?.compared, 3);
});

Deno.test("collections and models do not mix, and models may have different dimensions", () => {
  const { index, search } = setUp();
  index.put(user({ userId: "dan" }, template(OTHER_MODEL, 1, 0), template(MODEL, -1, 0, 0)));
  index.put(user({ userId: "eve", collection: "other" }, template(MODEL, 1, 0, 0)));
  assertEquals(search([1, 0, 0])?.compared, 5);
  const dan = search([1, 0], { model: OTHER_MODEL })!;
  assertEquals([dan.userId, dan.compared, dan.runnerUp], ["dan", 1, undefined]);
  assertEquals(search([1, 0], { model: OTHER_MODEL, userId: "alice" }), undefined);
  assertEquals(search([1, 0, 0], { collection: "other" })?.userId, "eve");
  assertEquals(search([1, 0, 0], { collection: "third" }), undefined);
  assertEquals(search([1, 0, 0], { model: "c".repeat(64) }), undefined);
  const counts = [COLLECTION, "other", "third"].map((name) => index.countTemplates(name));
  assertEquals(counts, [6, 1, 0]);
});

Deno.test("a probe or template of another dimension than the model's is refused", () => {
  const { index, search } = setUp();
  assertThrows(() => search([1, 0]), RangeError, "The probe has 2 numbers");
  assertThrows(() => search([1, 0], { collection: "third" }), RangeError);
  const wrong = user({ userId: "bob" }, template(OTHER_MODEL, 1, 0), template(MODEL, 1, 0));
  assertThrows(() => index.put(wrong), RangeError, 'user "bob" has 2 numbers');
  // Nothing has changed.
  assertEquals(search([0, 1, 0])?.similarity, 1);
  assertEquals(search([1, 0], { model: OTHER_MODEL }), undefined);
  const uneven = user({ userId: "eve" }, template(OTHER_MODEL, 1, 0), template(OTHER_MODEL, 1));
  assertThrows(() => index.put(uneven), RangeError, "not equally long");
});

Deno.test("a template that is not of length 1 is refused, and the error quotes no number of it", () => {
  const { index } = setUp();
  for (const numbers of [[3, 4, 0], [NaN, 1, 0], [0, 0, 0], [0.9, 0, 0]]) {
    const bad = { ...template(MODEL, 1, 0, 0), embedding: Float32Array.from(numbers) };
    const { message } = assertThrows(
      () => index.put(user({ userId: "eve" }, bad)),
      RangeError,
      '"eve"',
    );
    assert(!/NaN|0\.9/.test(message), message);
  }
  assertEquals(index.countTemplates(COLLECTION), 4);
});

Deno.test("nobody is found for a probe with NaN", () => {
  for (const usearchFrom of [1, 500]) {
    const { search } = setUp({ usearchFrom });
    const probe = Float32Array.of(NaN, 0, 0);
    for (const query of [{}, { userId: "bob" }, { exceptUserId: "bob" }]) {
      assertEquals(search([1, 0, 0], { ...query, probe }), undefined);
    }
  }
});

Deno.test("a user who is put again has only the new templates and the new name", () => {
  const { index, search } = setUp();
  index.put(user({ userId: "alice", name: "Alicia" }, template(MODEL, 0, 0, 1)));
  assertEquals(index.countTemplates(COLLECTION), 3);
  const found = search([0, 0, 1], { userId: "alice" })!;
  assertEquals([found.name, found.similarity, found.compared], ["Alicia", 1, 1]);
  index.put(user({ userId: "alice" }));
  assertEquals(search([0, 0, 1], { userId: "alice" }), undefined);
  index.remove({ collection: COLLECTION, userId: "alice" });
  index.remove({ collection: COLLECTION, userId: "alice" });
  index.remove({ collection: "third", userId: "bob" });
  assertEquals(search([1, 0, 0])?.compared, 2);
});

Deno.test("a user's vector does not change when the caller changes the template's array", () => {
  const { index, search } = setUp();
  const changed = template(MODEL, 0, 0, 1);
  index.put(user({ userId: "dan" }, changed));
  changed.embedding.fill(0);
  assertEquals(search([0, 0, 1], { userId: "dan" })?.similarity, 1);
});

Deno.test("among many users, search by usearch and by a loop give the same numbers", () => {
  const people = randomPeople(1300, 2, 128, 0.8);
  const users = people.map((photos, i) =>
    user({ userId: `${i}` }, ...photos.map((photo) => template(MODEL, ...photo)))
  );
  const indexes = [1, 500, Infinity].flatMap((usearchFrom) =>
    [64, 4096].map((rowsPerSegment) => {
      const index = createGalleryIndex({ usearchFrom, rowsPerSegment });
      for (const one of users) index.put(one);
      for (let i = 0; i < 1300; i += 3) index.remove(users[i]!);
      return index;
    })
  );
  for (const i of [1, 500, 1298]) {
    const probe = people[i]![0]!;
    for (const exceptUserId of [undefined, `${i}`]) {
      const query = { collection: COLLECTION, model: MODEL, probe, now: 0 };
      const [first, ...others] = indexes.map((index) =>
        index.search(exceptUserId === undefined ? query : { ...query, exceptUserId })
      );
      if (exceptUserId === undefined) assertEquals(first?.userId, `${i}`);
      for (const other of others) assertEquals(other, first);
    }
  }
});
