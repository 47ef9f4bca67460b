import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Gallery } from "../../matching/gallery.ts";
import { normalize } from "../../matching/vector.ts";
import { createGalleryBuilder, parseGallery } from "./gallery.ts";
import { GalleryError, parseGalleryFile } from "./gallery_entry.ts";

const ALICE = { user_id: "alice", name: "Alice", embedding: [3, 0, 4] };
const BOB = { user_id: "bob", name: "Bob", embedding: [0, 2, 0] };

const base64 = (...bytes: number[]): string => Uint8Array.from(bytes).toBase64();
const vectors = ({ segments }: Gallery) => segments.flatMap(({ vectors }) => [...vectors]);

const fileOf = (...entries: unknown[]): string => JSON.stringify({ embeddings: entries });

function refused(json: string, ...complaints: string[]): void {
  const error = assertThrows(() => parseGallery(json, 3), GalleryError);
  for (const complaint of complaints) {
    assert(error.message.includes(complaint), `"${error.message}" lacks "${complaint}"`);
  }
}

Deno.test("users' vectors are stored one after another, normalised", () => {
  const gallery = parseGallery(fileOf(ALICE, BOB), 3);
  assertEquals(gallery.dimension, 3);
  assertEquals(gallery.users, [
    { userId: "alice", name: "Alice" },
    { userId: "bob", name: "Bob" },
  ]);
  assertEquals(gallery.templateCounts, [1, 1]);
  const expected = [0.6, 0, 0.8, 0, 1, 0];
  assertEquals(vectors(gallery).length, 6);
  vectors(gallery).forEach((value, i) => assertAlmostEquals(value, expected[i]!, 1e-6));
});

Deno.test("entries with the same user_id become one vector, in any order and in any files", () => {
  const other = { ...ALICE, embedding: [5, 0, 0] };
  const gallery = parseGallery(fileOf(ALICE, BOB, other), 3);
  assertEquals(gallery.users.length, 2);
  assertEquals([gallery.size, gallery.templateCounts], [3, [2, 1]]);
  const expected = [...normalize([1.6, 0, 0.8]), 0, 1, 0];
  assertEquals(vectors(gallery).length, 6);
  vectors(gallery).forEach((value, i) => assertAlmostEquals(value, expected[i]!, 1e-6));

  const builder = createGalleryBuilder(3);
  for (const entries of [[other], [BOB], [], [ALICE]]) {
    builder.add(parseGalleryFile(fileOf(...entries)).entries);
  }
  assertEquals(vectors(builder.build()), vectors(gallery));
  assertEquals(builder.build().segments.length, 2);
});

Deno.test("a gallery that is built twice, and grows in between, stays right", () => {
  const builder = createGalleryBuilder(3);
  const add = (...entries: unknown[]) => builder.add(parseGalleryFile(fileOf(...entries)).entries);
  add(ALICE);
  builder.build();
  add({ ...ALICE, embedding: [1, 0, 0] });
  builder.build();
  add({ ...ALICE, embedding: [0, 0, 1] });
  const expected = normalize([1.6, 0, 1.8]);
  vectors(builder.build()).forEach((value, i) => assertAlmostEquals(value, expected[i]!, 1e-6));
});

Deno.test("a gallery may be empty", () => {
  const gallery = parseGallery(fileOf(), 3);
  assertEquals([gallery.users.length, gallery.size, gallery.segments.length], [0, 0, 0]);
});

Deno.test("unknown fields are ignored", () => {
  assertEquals(parseGallery(fileOf({ ...ALICE, note: "first" }), 3).users.length, 1);
});

Deno.test("a file that is not a gallery is refused, and the error quotes nothing from the file", () => {
  refused("", "not valid JSON");
  const error = assertThrows(() => parseGallery('{"embeddings": [0.12345, ', 3), GalleryError);
  assert(!error.message.includes("0.12345"));
  assertEquals(error.cause, undefined);
  for (const json of ["null", "[]", "{}", '"text"', '{"embeddings": {}}', '{"embeddings": null}']) {
    refused(json, 'no list "embeddings"');
  }
});

Deno.test("an entry without user_id, name or embedding is refused, and the error has its number", () => {
  for (const entry of [null, 7, "text", [], {}, { ...ALICE, user_id: undefined }]) {
    refused(fileOf(BOB, entry), "entry 1", '"user_id"');
  }
  for (const userId of [7, "", "  ", null]) {
    refused(fileOf({ ...ALICE, user_id: userId }), "entry 0", '"user_id"');
  }
  for (const name of [undefined, 7, "", null]) {
    refused(fileOf(BOB, { ...ALICE, name }), 'entry 1 ("alice")', '"name"');
  }
  for (const embedding of [undefined, null, "text", { 0: 1, 1: 2, 2: 3, length: 3 }]) {
    refused(fileOf(BOB, { ...ALICE, embedding }), 'entry 1 ("alice")', '"embedding"');
  }
});

Deno.test("a user_id or name that is too long for a request or an answer is refused", () => {
  const long = "x".repeat(257);
  refused(fileOf({ ...ALICE, user_id: long }), "entry 0", '"user_id" has more than 256');
  refused(fileOf(BOB, { ...ALICE, name: long }), 'entry 1 ("alice")', '"name" has more than 256');
});

Deno.test("a user_id or name that the api would not pass on is refused", () => {
  for (const text of ["a\nb", "\u001b[31mred", "\u009b31m", "\ud800"]) {
    for (const field of ["user_id", "name"]) {
      const entry = { user_id: "user1", name: "User One", embedding: [1, 0], [field]: text };
      assertThrows(
        () => parseGalleryFile(JSON.stringify({ embeddings: [entry] })),
        GalleryError,
        `"${field}" has control characters`,
      );
    }
  }
});

Deno.test("an embedding with a wrong length is refused, and the error says what to do", () => {
  for (const embedding of [[], [1, 2], [1, 2, 3, 4]]) {
    refused(
      fileOf(BOB, { ...ALICE, embedding }),
      'entry 1 ("alice")',
      `has ${embedding.length} numbers, the model gives 3. Another recognition model made it: enrol ` +
        "everybody again with the model in use into a new file, or use that model",
    );
  }
});

Deno.test("an embedding with something that is not a number is refused", () => {
  for (const value of ["1", null, true, [1], {}, NaN]) {
    refused(
      fileOf(BOB, { ...ALICE, embedding: [1, value, 3] }),
      'entry 1 ("alice")',
      "not a number",
    );
  }
  refused(fileOf(ALICE).replace("[3,", "[1e999,"), 'entry 0 ("alice")', "not a number");
});

Deno.test("an embedding that is zero or too large to normalise is refused", () => {
  for (const embedding of [[0, 0, 0], [1e300, 1e300, 0]]) {
    refused(fileOf(BOB, { ...ALICE, embedding }), 'entry 1 ("alice")', "zero or too large");
  }
});

Deno.test("a user_id with two names is refused, and the error has both names", () => {
  refused(
    fileOf(ALICE, BOB, { ...ALICE, name: "Alicia" }),
    'entry 2 ("alice")',
    '"Alice"',
    '"Alicia"',
  );
});

Deno.test("users may have the same name, and any text can be a user_id", () => {
  const strange = ["__proto__", "constructor", "0", "ALICE", "a/b", "名"];
  const gallery = parseGallery(fileOf(...strange.map((id) => ({ ...ALICE, user_id: id }))), 3);
  assertEquals(gallery.users.map(({ userId }) => userId), strange);
});

Deno.test("a compact embedding is read as signed bytes and normalised", () => {
  const compact = { user_id: "alice", name: "Alice", embedding_int8: base64(3, 0, -4) };
  const gallery = parseGallery(fileOf(compact, BOB), 3);
  const expected = [0.6, 0, -0.8, 0, 1, 0];
  vectors(gallery).forEach((value, i) => assertAlmostEquals(value, expected[i]!, 1e-7));
  assertEquals(vectors(parseGallery(fileOf({ ...compact, embedding_int8: "gIB/" }), 3)), [
    ...normalize([-128, -128, 127]),
  ]);
});

Deno.test("an entry with two embeddings, or without one, is refused", () => {
  const both = { ...ALICE, embedding_int8: base64(1, 2, 3) };
  refused(fileOf(BOB, both), 'entry 1 ("alice")', "both of", '"embedding_int8"');
  refused(fileOf(BOB, { ...both, embedding: null }), 'entry 1 ("alice")', "both of");
  refused(fileOf(BOB, { ...ALICE, embedding: undefined }), 'entry 1 ("alice")', "neither");
});

Deno.test("a compact embedding is refused when it is not base64 or has a wrong length", () => {
  for (const embedding_int8 of ["AQID!", "AQI-", null, 7, [1, 2, 3], {}]) {
    const entry = { user_id: "alice", name: "Alice", embedding_int8 };
    refused(fileOf(BOB, entry), 'entry 1 ("alice")', "is not base64");
  }
  for (const bytes of [[], [1, 2], [1, 2, 3, 4]]) {
    refused(
      fileOf(BOB, { user_id: "alice", name: "Alice", embedding_int8: base64(...bytes) }),
      'entry 1 ("alice")',
      `has ${bytes.length} numbers, the model gives 3`,
    );
  }
  const zero = { user_id: "alice", name: "Alice", embedding_int8: base64(0, 0, 0) };
  refused(fileOf(zero), 'entry 0 ("alice")', "zero or too large");
});

Deno.test("parsing the entries does not check the embeddings", () => {
  const entry = { ...ALICE, embedding: [1] };
  assertEquals(parseGalleryFile(fileOf(entry, BOB)), { entries: [entry, BOB] });
});

Deno.test("a gallery file may name its model; a name that is no sha256 is refused", () => {
  const model_sha256 = "0a".repeat(32);
  const json = JSON.stringify({ model_sha256, embeddings: [BOB] });
  assertEquals(parseGalleryFile(json), { modelSha256: model_sha256, entries: [BOB] });
  for (const wrong of [null, "", 7, [], model_sha256.toUpperCase(), `${model_sha256}0`]) {
    refused(
      JSON.stringify({ model_sha256: wrong, embeddings: [] }),
      '"model_sha256" is not a sha256',
    );
  }
});

const COMPOSED = "Ren\u00e9", DECOMPOSED = "Rene\u0301";

Deno.test("a user_id and a name in any Unicode form are read in NFC", () => {
  const rene = { user_id: DECOMPOSED, name: DECOMPOSED, embedding: [1, 0, 0] };
  const gallery = parseGallery(fileOf(rene, { ...rene, name: COMPOSED }, BOB), 3);
  assertEquals(gallery.users[0], { userId: COMPOSED, name: COMPOSED });
  assertEquals(gallery.indexOf.get(COMPOSED), 0);
  assertEquals(gallery.templateCounts, [2, 1]);
});

Deno.test("two spellings of one user_id are refused, and the error has both", () => {
  const entries = [COMPOSED, DECOMPOSED].map((user_id) => ({ ...ALICE, user_id }));
  refused(fileOf(BOB, ...entries), "entry 2", '"Ren\\u00e9"', '"Rene\\u0301"');
  refused(fileOf(...entries.toReversed()), "entry 1", '"Ren\\u00e9"', '"Rene\\u0301"');
});

Deno.test("two spellings of one user_id in two files are refused", () => {
  const builder = createGalleryBuilder(3);
  const add = (user_id: string) =>
    builder.add(parseGalleryFile(fileOf({ ...ALICE, user_id })).entries);
  add(DECOMPOSED);
  add(DECOMPOSED);
  assertThrows(() => add(COMPOSED), GalleryError, "two spellings");
});

Deno.test("a user_id that no request can have is refused", () => {
  for (const user_id of ["a\u0000", "a\u009b", "\ud800", "\u0958".repeat(200)]) {
    refused(fileOf(BOB, { ...ALICE, user_id }), "Gallery entry 1", '"user_id"');
  }
});
