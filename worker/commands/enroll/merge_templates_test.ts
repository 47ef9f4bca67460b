import { assertEquals } from "@std/assert";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { normalize } from "../../../matching/vector.ts";
import { type GalleryEntry, isCompact } from "../../gallery/gallery_entry.ts";
import { type AcceptedPhoto, type MergedGallery, mergeTemplates } from "./merge_templates.ts";

const entry = (user_id: string, ...embedding: number[]): GalleryEntry => ({
  user_id,
  name: user_id.toUpperCase(),
  embedding,
});
const photo = (path: string, ...embedding: number[]): AcceptedPhoto => ({
  path,
  embedding: normalize(embedding),
});
const user = (userId: string, ...photos: AcceptedPhoto[]) => ({
  userId,
  name: userId.toUpperCase(),
  photos,
});
const KEEP = { existing: "keep", compact: false } as const;
const REPLACE = { existing: "replace", compact: false } as const;
const shown = ({ templates }: MergedGallery) =>
  templates.map(({ entry, photo }) => [entry.user_id, ...photo === undefined ? [] : [photo]]);

Deno.test("new templates are added to the templates of their user; other users do not change", () => {
  const entries = [entry("alice", 1, 0, 0), entry("bob", 0, 1, 0)];
  const merged = mergeTemplates(
    entries,
    [user("alice", photo("a2.jpg", 1, 1, 0)), user("carol", photo("c.jpg", 0, 0, 1))],
    KEEP,
  );
  assertEquals(shown(merged), [["alice"], ["alice", "a2.jpg"], ["bob"], ["carol", "c.jpg"]]);
});

Deno.test("new templates replace the templates of their user, at the same place", () => {
  const entries = [entry("alice", 1, 0, 0), entry("bob", 0, 1, 0), entry("alice", 1, 1, 0)];
  const merged = mergeTemplates(entries, [user("alice", photo("a.jpg", 1, 0, 1))], REPLACE);
  assertEquals(shown(merged), [["alice", "a.jpg"], ["bob"]]);
});

Deno.test("a user without an accepted photo keeps the existing templates", () => {
  for (const options of [KEEP, REPLACE]) {
    const merged = mergeTemplates([entry("alice", 1, 0)], [user("alice"), user("bob")], options);
    assertEquals(shown(merged), [["alice"]]);
  }
});

Deno.test("an existing entry does not change, also when its embedding is not normalised", () => {
  const entries = [entry("alice", 3, 4)];
  const [template] = mergeTemplates(entries, [], KEEP).templates;
  assertEquals(template?.entry, entries[0]);
  assertEquals(template?.embedding, Float32Array.of(0.6, 0.8));
});

Deno.test("two copies of a photo make one template", () => {
  const users = [
    user("alice", photo("a.jpg", 3, 4), photo("copy.jpg", 3, 4), photo("b.jpg", 4, 3)),
  ];
  const merged = mergeTemplates([], users, REPLACE);
  assertEquals(shown(merged), [["alice", "a.jpg"], ["alice", "b.jpg"]]);
  assertEquals(merged.alreadyEnrolled, ["copy.jpg"]);
});

Deno.test("a photo that is already enrolled is not added; a similar photo is added", () => {
  const entries = [entry("alice", 3, 4)];
  // Cosines with the entry: 1, 0.99998 and 0.999992.
  const near = (
    cosine: number,
  ) => [0.6 * cosine - 0.8 * sine(cosine), 0.8 * cosine + 0.6 * sine(cosine)];
  const sine = (cosine: number) => Math.sqrt(1 - cosine * cosine);
  const again = mergeTemplates(entries, [
    user(
      "alice",
      photo("a.jpg", 0.6, 0.8),
      photo("b.jpg", ...near(0.99998)),
      photo("c.jpg", ...near(0.999992)),
    ),
  ], KEEP);
  assertEquals(shown(again), [["alice"], ["alice", "b.jpg"]]);
  assertEquals(again.alreadyEnrolled, ["a.jpg", "c.jpg"]);
});

Deno.test("existing templates keep their form; new ones get the requested form", () => {
  const existing: GalleryEntry[] = [
    entry("alice", 3, 4),
    { user_id: "bob", name: "BOB", embedding_int8: Int8Array.of(127, -64) },
  ];
  const users = [user("alice", photo("a.jpg", 1, 0)), user("bob", photo("b.jpg", -1, 0.5))];
  for (const compact of [false, true]) {
    const { templates } = mergeTemplates(existing, users, { existing: "keep", compact });
    const [alice, newAlice, bob, newBob] = templates;
    assertEquals([alice?.entry, bob?.entry], existing);
    assertEquals(newAlice?.entry, {
      user_id: "alice",
      name: "ALICE",
      ...compact ? { embedding_int8: Int8Array.of(127, 0) } : { embedding: [1, 0] },
    });
    assertEquals(isCompact(newBob!.entry), compact);
  }
});

Deno.test("an enrolled photo is recognised again, compact or not", () => {
  const [[embedding]] = randomPeople(1, 1, 512, 0) as [[Float32Array]];
  const users = [user("alice", { path: "a.jpg", embedding }, { path: "copy.jpg", embedding })];
  for (const compact of [false, true]) {
    const once = mergeTemplates([], users, { existing: "keep", compact });
    assertEquals(shown(once), [["alice", "a.jpg"]]);
    const entries = once.templates.map(({ entry }) => entry);
    for (const now of [false, true]) {
      const again = mergeTemplates(entries, users, { existing: "keep", compact: now });
      assertEquals(again.alreadyEnrolled, ["a.jpg", "copy.jpg"]);
    }
  }
});

Deno.test("the same photo for two users makes a template for each user", () => {
  const users = [user("alice", photo("a.jpg", 3, 4)), user("bob", photo("b.jpg", 3, 4))];
  assertEquals(shown(mergeTemplates([], users, REPLACE)), [["alice", "a.jpg"], ["bob", "b.jpg"]]);
});
