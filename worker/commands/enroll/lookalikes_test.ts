import fc from "fast-check";
import { assert, assertEquals } from "@std/assert";
import { normalize } from "../../../matching/vector.ts";
import { createMatchRule, findLookalikes } from "./lookalikes.ts";
import type { MergedTemplate } from "./merge_templates.ts";

const template = (user_id: string, photo: string | undefined, angle: number): MergedTemplate => {
  const embedding = [Math.cos(angle), Math.sin(angle)];
  return { entry: { user_id, name: user_id, embedding }, embedding: normalize(embedding), photo };
};
const isMatch = createMatchRule(undefined);

Deno.test("a new photo that matches an existing template of another user is a lookalike", () => {
  const templates = [
    template("alice", undefined, 0),
    template("bob", "b1.jpg", 0.3),
    template("bob", "b2.jpg", 1.5),
    template("carol", undefined, 0.2),
  ];
  assertEquals(findLookalikes(templates, isMatch), [
    { photo: "b1.jpg", userId: "bob", resembles: "carol" },
  ]);
});

const at = (user_id: string, photo: string | undefined, ...embedding: number[]) => ({
  entry: { user_id, name: user_id, embedding },
  embedding: normalize(embedding),
  photo,
});

Deno.test("a photo that matches only the vector fused of another user's templates is a lookalike", () => {
  for (const photo of [undefined, "a2.jpg"]) {
    const templates = [
      at("alice", undefined, 0.55, 0.835, 0),
      at("alice", photo, 0.55, -0.4, 0.733),
      at("bob", "b.jpg", 1, 0, 0),
    ];
    assertEquals(findLookalikes(templates.toSpliced(0, 1), isMatch), []);
    assertEquals(findLookalikes(templates.toSpliced(1, 1), isMatch), []);
    assertEquals(findLookalikes(templates, isMatch), [
      { photo: "b.jpg", userId: "bob", resembles: "alice" },
    ]);
  }
});

Deno.test("new photos whose fused vector matches an existing template of another user are lookalikes", () => {
  const bob = at("bob", undefined, 1, 0, 0);
  const a1 = at("alice", "a1.jpg", 0.55, 0.835, 0);
  const a2 = at("alice", "a2.jpg", 0.55, -0.4, 0.733);
  const lookalike = (photo: string) => ({ photo, userId: "alice", resembles: "bob" });
  assertEquals(findLookalikes([bob, a1], isMatch), []);
  assertEquals(findLookalikes([bob, a2], isMatch), []);
  assertEquals(findLookalikes([bob, a1, a2], isMatch), ["a1.jpg", "a2.jpg"].map(lookalike));
  const kept = { ...a1, photo: undefined };
  assertEquals(findLookalikes([bob, kept, a2], isMatch), [lookalike("a2.jpg")]);
  // Templates that match already are not the fault of a new photo.
  const both = [bob, kept, { ...a2, photo: undefined }];
  assertEquals(findLookalikes([...both, at("alice", "a3.jpg", 0, 1, 1)], isMatch), []);
});

Deno.test("photos of one user are no lookalikes, and neither are existing templates", () => {
  const templates = [
    template("alice", undefined, 0),
    template("alice", "a.jpg", 0.1),
    template("bob", undefined, 0.1),
  ];
  assertEquals(findLookalikes(templates.slice(0, 2), isMatch), []);
  assertEquals(findLookalikes(templates.filter(({ photo }) => photo === undefined), isMatch), []);
});

Deno.test("of two new photos that match, neither is trusted", () => {
  const templates = [
    template("aaron", "user1.jpg", 0),
    template("bob", "b.jpg", 1.5),
    template("user1", "user1_similar.jpg", 0.1),
  ];
  const expected = [
    { photo: "user1.jpg", userId: "aaron", resembles: "user1" },
    { photo: "user1_similar.jpg", userId: "user1", resembles: "aaron" },
  ];
  assertEquals(findLookalikes(templates, isMatch), expected);
  assertEquals(findLookalikes(templates.toReversed(), isMatch), expected.toReversed());
});

Deno.test("a photo that matches an existing template refuses no other photo", () => {
  const templates = [
    template("alice", undefined, 0),
    template("bob", "b.jpg", 0.7),
    template("carol", "c.jpg", 1.4),
  ];
  assertEquals(findLookalikes(templates, isMatch), [
    { photo: "b.jpg", userId: "bob", resembles: "alice" },
  ]);
});

Deno.test("the order of the templates does not matter, and in the end no photo matches", () => {
  const one = fc.tuple(
    fc.constantFrom("alice", "bob", "carol", "dan"),
    fc.boolean(),
    fc.double({ min: 0, max: Math.PI, noNaN: true }),
  );
  const orders = fc.array(one, { maxLength: 10 })
    .map((all) =>
      all.map(([userId, isNew, angle], i) => template(userId, isNew ? `${i}` : undefined, angle))
    )
    .chain((templates) =>
      fc.tuple(
        fc.constant(templates),
        fc.shuffledSubarray(templates, { minLength: templates.length }),
      )
    );
  /** Removes lookalikes until there are none. */
  const removeAll = (templates: readonly MergedTemplate[]) => {
    const refused = new Set<string>();
    for (let kept = templates;;) {
      const found = findLookalikes(kept, isMatch);
      if (found.length === 0) return refused;
      for (const { photo } of found) refused.add(photo);
      kept = kept.filter(({ photo }) => photo === undefined || !refused.has(photo));
    }
  };
  fc.assert(fc.property(orders, ([templates, shuffled]) => {
    const refused = new Set(findLookalikes(templates, isMatch).map(({ photo }) => photo));
    assertEquals(new Set(findLookalikes(shuffled, isMatch).map(({ photo }) => photo)), refused);
    assertEquals(removeAll(shuffled), removeAll(templates));
  }));
});

Deno.test("the rule is that of a search: a larger gallery needs a higher cosine", () => {
  const rule = createMatchRule({ fitted_mean_cosine: 0.0221, fitted_dimension: 79.9 });
  assertEquals([rule(0.42, 1), rule(0.43, 1)], [false, true]);
  assertEquals([rule(0.57, 2000), rule(0.58, 2000)], [false, true]);
  assert(!rule(NaN, 1));
});
