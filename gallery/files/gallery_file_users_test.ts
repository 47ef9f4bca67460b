import { assert, assertEquals, assertThrows } from "@std/assert";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { GalleryError } from "../../worker/gallery/gallery_entry.ts";
import { readGalleryFileUsers } from "./gallery_file_users.ts";

const MODEL = "a".repeat(64);
const alice = { user_id: "alice", name: "Alice" };
const file = (...embeddings: object[]) => JSON.stringify({ model_sha256: MODEL, embeddings });

Deno.test("the entries of a user become templates of length 1", () => {
  const users = readGalleryFileUsers(file(
    { ...alice, embedding: [3, 4] },
    { user_id: "bob", name: "Bob", embedding_int8: "QEA=" },
    { ...alice, embedding: [0, -2] },
  ));
  assertEquals(users.map(({ userId, name }) => [userId, name]), [["alice", "Alice"], [
    "bob",
    "Bob",
  ]]);
  const [first, second] = users;
  assertEquals(first!.templates.map(({ embedding }) => [...embedding]), [
    [Math.fround(0.6), Math.fround(0.8)],
    [0, -1],
  ]);
  assertEquals([...second!.templates[0]!.embedding], [Math.SQRT1_2, Math.SQRT1_2].map(Math.fround));
  assertEquals(first!.templates[0]!.model, MODEL);
});

Deno.test("equal entries have the same digest, others do not", () => {
  const [user] = readGalleryFileUsers(
    file(...[[1, 0], [1, 0], [0, 1]].map((embedding) => ({ ...alice, embedding }))),
  );
  const [a, b, c] = user!.templates.map(({ photo }) => photo.toHex());
  assertEquals(a, b);
  assert(a !== c);
  const [other] = readGalleryFileUsers(
    JSON.stringify({ embeddings: [{ ...alice, embedding: [1, 0] }] }),
    "b".repeat(64),
  );
  assert(other!.templates[0]!.photo.toHex() !== a);
});

Deno.test("an entry has the same digest for all files that are prepared of one model", () => {
  const { earlier_prepared_sha256: [first], prepared_sha256: now } =
    MODEL_MANIFEST.models.recognition.small;
  const json = JSON.stringify({ embeddings: [{ ...alice, embedding: [1, 0] }] });
  const digest = (model: string) => readGalleryFileUsers(json, model)[0]!.templates[0]!.photo;
  assertEquals(digest(first!), digest(now!));
});

Deno.test("a file needs exactly one model", () => {
  const entry = { ...alice, embedding: [1] };
  const without = JSON.stringify({ embeddings: [entry] });
  assertThrows(() => readGalleryFileUsers(without), GalleryError, "--model SHA256");
  assertEquals(readGalleryFileUsers(without, MODEL)[0]!.templates[0]!.model, MODEL);
  assertEquals(readGalleryFileUsers(file(entry), MODEL).length, 1);
  assertThrows(
    () => readGalleryFileUsers(file(entry), "b".repeat(64)),
    GalleryError,
    "another model",
  );
});

Deno.test("the error names the entry, and quotes no embedding", () => {
  for (
    const [entries, message] of [
      [[{ ...alice, embedding: [] }], 'entry 0 ("alice"): the embedding is zero'],
      [[{ ...alice, embedding: [0, 0] }], "the embedding is zero"],
      [[{ ...alice, embedding: [1, "x"] }], "not a finite number"],
      [[{ ...alice, embedding: [1, null] }], "not a finite number"],
      [[{ ...alice, embedding: Array(2049).fill(1) }], "more than 2048 numbers"],
      [
        [{ ...alice, embedding: [1] }, { ...alice, embedding: [1, 1] }],
        'entry 1 ("alice"): the embedding has 2 numbers instead of 1',
      ],
      [
        [{ ...alice, embedding: [1] }, { ...alice, name: "Al", embedding: [1] }],
        'two names, "Alice" and "Al"',
      ],
    ] as const
  ) {
    assertThrows(() => readGalleryFileUsers(file(...entries)), GalleryError, message);
  }
});
