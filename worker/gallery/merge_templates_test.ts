import { assertEquals } from "@std/assert";
import { normalize } from "../pipeline/embed.ts";
import type { GalleryEntry } from "./gallery.ts";
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
const shown = ({ templates }: MergedGallery) =>
  templates.map(({ entry, photo }) => [entry.user_id, ...photo === undefined ? [] : [photo]]);

Deno.test("new templates join the earlier ones of their user, others stay", () => {
  const entries = [entry("alice", 1, 0, 0), entry("bob", 0, 1, 0)];
  const merged = mergeTemplates(
    entries,
    [user("alice", photo("a2.jpg", 1, 1, 0)), user("carol", photo("c.jpg", 0, 0, 1))],
    "keep",
  );
  assertEquals(shown(merged), [["alice"], ["alice", "a2.jpg"], ["bob"], ["carol", "c.jpg"]]);
});

Deno.test("new templates replace the earlier ones of their user, in their place", () => {
  const entries = [entry("alice", 1, 0, 0), entry("bob", 0, 1, 0), entry("alice", 1, 1, 0)];
  const merged = mergeTemplates(entries, [user("alice", photo("a.jpg", 1, 0, 1))], "replace");
  assertEquals(shown(merged), [["alice", "a.jpg"], ["bob"]]);
});

Deno.test("a user of whom no photo was accepted keeps the earlier templates", () => {
  for (const earlier of ["keep", "replace"] as const) {
    const merged = mergeTemplates([entry("alice", 1, 0)], [user("alice"), user("bob")], earlier);
    assertEquals(shown(merged), [["alice"]]);
  }
});

Deno.test("an entry that stays is not changed, whatever its length", () => {
  const entries = [entry("alice", 3, 4)];
  const [template] = mergeTemplates(entries, [], "keep").templates;
  assertEquals(template?.entry, entries[0]);
  assertEquals(template?.embedding, Float32Array.of(0.6, 0.8));
});

Deno.test("the very same photo makes one template", () => {
  const users = [
    user("alice", photo("a.jpg", 3, 4), photo("copy.jpg", 3, 4), photo("b.jpg", 4, 3)),
  ];
  const merged = mergeTemplates([], users, "replace");
  assertEquals(shown(merged), [["alice", "a.jpg"], ["alice", "b.jpg"]]);
  assertEquals(merged.alreadyThere, ["copy.jpg"]);
});

Deno.test("a photo that was enrolled before is not added, one that is merely close is", () => {
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
  ], "keep");
  assertEquals(shown(again), [["alice"], ["alice", "b.jpg"]]);
  assertEquals(again.alreadyThere, ["a.jpg", "c.jpg"]);
});

Deno.test("the same photo of two users makes a template of each", () => {
  const users = [user("alice", photo("a.jpg", 3, 4)), user("bob", photo("b.jpg", 3, 4))];
  assertEquals(shown(mergeTemplates([], users, "replace")), [["alice", "a.jpg"], ["bob", "b.jpg"]]);
});
