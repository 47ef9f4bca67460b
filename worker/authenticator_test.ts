import { assert, assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../shared/contract/problem.ts";
import {
  AmbiguousFace,
  type AuthenticatorDeps,
  createAuthenticator,
  type Identity,
} from "./authenticator.ts";
import { buildGallery } from "./gallery/gallery.ts";
import type { Comparison } from "../matching/match.ts";
import { createFakePipeline } from "./pipeline/fake_pipeline.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";

const pipeline = createFakePipeline(2, {
  "east": [1, 0],
  "north": [0, 1],
  "north-east": [1, 1],
  "landscape": "no_face",
});
const gallery = buildGallery([
  { user_id: "user1", name: "User One", embedding: [1, 0] },
  { user_id: "user2", name: "User Two", embedding: [0, 1] },
  { user_id: "user2", name: "User Two", embedding: [0, 2] },
], 2);
const FACE: Identity["face"] = { box: [0, 0, 100, 100] };
const NOBODY: Identity = { matched: false, confidence: 0, face: FACE };

/** Makes a function that authenticates a picture, optionally with a user_id. */
function setUp(deps: Partial<AuthenticatorDeps> = {}) {
  const authenticate = createAuthenticator({
    pipeline,
    gallery,
    score: ({ similarity }) => similarity,
    threshold: 0.7,
    ...deps,
  });
  return (word: string, userId?: string) =>
    authenticate({ image: new TextEncoder().encode(word), userId });
}

Deno.test("the answer has the nearest user, the score and the face", async () => {
  const ask = setUp();
  assertEquals(await ask("east"), {
    matched: true,
    user_id: "user1",
    user_name: "User One",
    confidence: 1,
    similarity: 1,
    face: FACE,
  });
});

Deno.test("facts about the face are passed on, and change no answer", async () => {
  for (const liveness of [0, 0.5, 1]) {
    const observed: Pipeline = {
      ...pipeline,
      recognize: async (picture) => ({
        ...await pipeline.recognize(picture),
        liveness,
        unclear: true,
      }),
    };
    for (const [word, userId] of [["east", undefined], ["north", "user1"], ["east", "nobody"]]) {
      const without = await setUp()(word!, userId);
      assertEquals(await setUp({ pipeline: observed })(word!, userId), {
        ...without,
        liveness,
        unclear: true,
      });
    }
    const ask = setUp({ pipeline: observed });
    const { seen } = await assertRejects(() => ask("north-east"), AmbiguousFace);
    assertEquals(seen, { liveness, unclear: true });
  }
});

Deno.test("the confidence is the score, and the similarity is the cosine", async () => {
  const answer = await setUp({ score: () => 0.9 })("north-east", "user1");
  assert(answer.matched);
  assertEquals(answer.confidence, 0.9);
  assertEquals(answer.similarity, 0.7071);
});

Deno.test("the confidence and the similarity of an answer have at most 4 decimal places, rounded down", async () => {
  const answer = await setUp({ score: () => 0.9599999, threshold: 0.7 })("north-east", "user1");
  assert(answer.matched);
  assertEquals([answer.confidence, answer.similarity], [0.9599, 0.7071]);
});

Deno.test("a face that matches two users is refused without a user_id, and the error names nobody", async () => {
  const ask = setUp({ threshold: 0.7 });
  const problem = await assertRejects(() => ask("north-east"), Problem);
  assertEquals(problem.code, "ambiguous_match");
  assert(!/user[12]|User (One|Two)/.test(problem.message), problem.message);
  for (const userId of ["user1", "user2"]) {
    const answer = await ask("north-east", userId);
    assertEquals(answer.matched && answer.user_id, userId);
  }
});

Deno.test("two templates of the same user are not an ambiguous match", async () => {
  const twice = buildGallery([
    { user_id: "user1", name: "User One", embedding: [1, 0] },
    { user_id: "user1", name: "User One", embedding: [1, 0.01] },
    { user_id: "user2", name: "User Two", embedding: [0, 1] },
  ], 2);
  const answer = await setUp({ gallery: twice })("east");
  assertEquals(answer.matched && answer.user_id, "user1");
});

Deno.test("a match is ambiguous exactly when another user's score also reaches the threshold", async () => {
  // north-east has the same similarity to both users. The second user's score is compared.
  const scores = (second: number) => {
    const values = [0.9, second];
    return () => values.shift()!;
  };
  const below = 0.7 - Number.EPSILON;
  assertEquals((await setUp({ score: scores(below) })("north-east")).matched, true);
  for (const second of [0.7, 1, NaN]) {
    const asked = () => setUp({ score: scores(second) })("north-east");
    assertEquals((await assertRejects(asked, Problem)).code, "ambiguous_match");
  }
});

Deno.test("a score at the threshold matches; a lower score does not, and the answer does not show it", async () => {
  assertEquals((await setUp({ score: () => 0.7 })("east", "user1")).matched, true);
  for (const userId of [undefined, "user1"]) {
    assertEquals(await setUp({ score: () => 0.7 - Number.EPSILON })("east", userId), NOBODY);
  }
});

Deno.test("a score that is not a number never matches", async () => {
  for (const threshold of [0.7, 0, -Infinity, NaN]) {
    assertEquals(await setUp({ score: () => NaN, threshold })("east"), NOBODY);
  }
});

Deno.test("with a user_id, the face is compared only with that user", async () => {
  const ask = setUp();
  assertEquals(await ask("east", "user2"), NOBODY);
  const answer = await ask("north", "user2");
  assertEquals(answer.matched && answer.user_id, "user2");
});

Deno.test("the score depends on the number of templates compared", async () => {
  const seen: Comparison[] = [];
  const ask = setUp({
    score: (comparison) => {
      seen.push(comparison);
      return comparison.similarity;
    },
  });
  await ask("east");
  await ask("east", "user1");
  await ask("east", "user2");
  // A search also scores the most similar other user, with the same number of templates.
  assertEquals(seen.map(({ similarity, compared }) => [similarity, compared]), [
    [1, 3],
    [0, 3],
    [1, 1],
    [0, 2],
  ]);
});

Deno.test("the answer for an unknown user_id is the same as for a face that does not match", async () => {
  const ask = setUp({ score: () => 1 });
  for (const userId of ["user3", "", "__proto__", "USER1"]) {
    assertEquals(await ask("east", userId), NOBODY);
  }
});

Deno.test("an empty gallery matches nobody", async () => {
  const ask = setUp({ gallery: buildGallery([], 2), score: () => 1 });
  assertEquals(await ask("east"), NOBODY);
  assertEquals(await ask("east", "user1"), NOBODY);
});

Deno.test("a picture that the pipeline refuses is refused, with and without a user_id", async () => {
  for (const userId of [undefined, "user1", "user3"]) {
    const problem = await assertRejects(() => setUp()("landscape", userId), Problem);
    assertEquals(problem.code, "no_face");
  }
});

Deno.test("the face's box is in whole pixels", async () => {
  const between: Pipeline = {
    ...pipeline,
    recognize: async (picture) => ({
      ...await pipeline.recognize(picture),
      box: { left: 10.4, top: 20.6, right: 30.5, bottom: 40.4 },
    }),
  };
  assertEquals((await setUp({ pipeline: between })("east")).face.box, [10, 21, 21, 19]);
});
