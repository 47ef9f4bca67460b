import { assertEquals } from "@std/assert";
import { normalize } from "../../../matching/vector.ts";
import { findDoubtfulPhotos } from "./doubtful_photos.ts";
import type { MergedTemplate } from "./merge_templates.ts";

const template = (
  user_id: string,
  photo: string | undefined,
  ...embedding: number[]
): MergedTemplate => ({
  entry: { user_id, name: user_id, embedding },
  embedding: normalize(embedding),
  photo,
});

Deno.test("a photo that resembles only its own user is not doubtful", () => {
  assertEquals(
    findDoubtfulPhotos([template("alice", "1.jpg", 1, 0), template("alice", "2.jpg", 1, 0)]),
    [],
  );
});

Deno.test("a new photo is compared with existing templates; an existing template is never doubtful", () => {
  const doubts = findDoubtfulPhotos([
    template("alice", undefined, 1, 0, 0),
    template("alice", "2.jpg", 0, 1, 0),
    template("bob", undefined, 0, 1, 0.5),
    template("carol", undefined, 0, 1, 0.2),
    template("dan", undefined, 0, 1, 0.9),
  ]);
  assertEquals(doubts, [{ photo: "2.jpg", userId: "alice", resembles: "carol" }]);
});

Deno.test("a photo that resembles another user is doubtful only above a cosine of 0.6", () => {
  const alike = (cosine: number) =>
    findDoubtfulPhotos([
      template("alice", undefined, 1, 0),
      template("bob", "b.jpg", cosine, Math.sqrt(1 - cosine * cosine)),
    ]);
  assertEquals(alike(0.59), []);
  assertEquals(alike(0.61), [{ photo: "b.jpg", userId: "bob", resembles: "alice" }]);
});
