import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { randomPeople } from "../../tests/support/random_people.ts";
import { cosine, normalize } from "../vector.ts";
import { parseGallery } from "./gallery.ts";
import {
  entryEmbedding,
  formatGallery,
  type GalleryEntry,
  GalleryError,
  parseGalleryEntries,
  toInt8,
} from "./gallery_entry.ts";

const DIMENSION = 5;

const text = fc.string({ minLength: 1, maxLength: 40, unit: "binary" })
  .filter((words) => words.trim() !== "" && words.length <= 256 && words.isWellFormed());
const numbers = fc.array(fc.double({ noDefaultInfinity: true, noNaN: true }), { maxLength: 8 });
const owner = { user_id: text, name: text };
const entries: fc.Arbitrary<GalleryEntry[]> = fc.array(fc.oneof(
  fc.record({ ...owner, embedding: numbers }),
  fc.record({ ...owner, embedding_int8: fc.int8Array({ maxLength: 8 }) }),
));

Deno.test("what is written is read back, each entry in its form", () => {
  fc.assert(fc.property(entries, (written) => {
    const json = formatGallery(written);
    const read = parseGalleryEntries(json);
    assertEquals(formatGallery(read), json);
    assertEquals(read.length, written.length);
    read.forEach((entry, i) => {
      const { user_id, name } = written[i]!;
      assertEquals([entry.user_id, entry.name], [user_id, name]);
      assertEquals(Object.keys(entry), Object.keys(written[i]!));
      const before = entryEmbedding(written[i]!), after = entryEmbedding(entry);
      assertEquals(after.length, before.length);
      for (let j = 0; j < before.length; j++) {
        assert(Math.abs(after[j]! - before[j]!) <= 5e-7 * Math.abs(before[j]!), `${before[j]}`);
      }
    });
  }));
});

/** Secrets that no error message may show: a number, the text of many, and bytes in base64. */
const SECRET_NUMBER = 0.8271937465;
const SECRET_BYTES = "c2VjcmV0";

/** Entries that are right, nearly right, or anything. */
const anyField = fc.oneof(fc.jsonValue(), fc.constant(undefined));
const anyEmbedding = fc.oneof(
  anyField,
  fc.array(fc.oneof(fc.constant(SECRET_NUMBER), fc.jsonValue({ maxDepth: 1 })), { maxLength: 6 }),
  fc.constant(Array(DIMENSION).fill(SECRET_NUMBER)),
  fc.constant(Array(DIMENSION).fill(-1)),
);
const anyInt8 = fc.oneof(
  anyField,
  fc.constant(SECRET_BYTES),
  fc.constantFrom(1, 3, 4, 5, 8).map((n) => new Uint8Array(n).fill(n).toBase64()),
  fc.constant(`${SECRET_BYTES}!`),
);
const anyId = fc.oneof(
  { weight: 8, arbitrary: fc.constant("a") },
  { weight: 1, arbitrary: fc.constant("b") },
  { weight: 1, arbitrary: anyField },
);
const anyEntry = fc.oneof(
  { weight: 1, arbitrary: fc.jsonValue() },
  {
    weight: 6,
    arbitrary: fc.oneof(
      fc.record({ user_id: anyId, name: anyId, embedding: anyEmbedding }),
      fc.record({ user_id: anyId, name: anyId, embedding_int8: anyInt8 }),
      fc.record({ user_id: anyId, name: anyId, embedding: anyEmbedding, embedding_int8: anyInt8 }),
    ),
  },
);
const files = fc.oneof(
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.array(anyEntry, { maxLength: 2 }).map((embeddings) => JSON.stringify({ embeddings })),
  fc.tuple(fc.array(anyEntry, { minLength: 1, maxLength: 2 }), fc.nat(300))
    .map(([embeddings, end]) => JSON.stringify({ embeddings }).slice(0, end)),
  fc.string(),
);

Deno.test("whatever a file holds, it is a gallery or a GalleryError that quotes no embedding", () => {
  const outcomes = { gallery: 0, error: 0 };
  fc.assert(
    fc.property(files, (json) => {
      try {
        const { segments, size } = parseGallery(json, DIMENSION);
        for (const { templates } of segments) {
          assertEquals(templates.length, size * DIMENSION);
          for (let i = 0; i < templates.length; i += DIMENSION) {
            assertAlmostEquals(Math.hypot(...templates.subarray(i, i + DIMENSION)), 1, 1e-6);
          }
        }
        if (size > 0) outcomes.gallery++;
      } catch (error) {
        assert(error instanceof GalleryError, `${error}`);
        const told = `${error.message} ${error.cause ?? ""}`;
        assert(!told.includes("82719374") && !told.includes(SECRET_BYTES), told);
        outcomes.error++;
      }
    }),
    { numRuns: 5000 },
  );
  assert(outcomes.gallery > 50 && outcomes.error > 500, JSON.stringify(outcomes));
});

Deno.test("rounding to bytes moves a cosine by less than 0.002", () => {
  const people = randomPeople(20, 2, 512, 0.8).flat();
  const rounded = people.map((embedding) => normalize(toInt8(embedding)));
  people.forEach((a, i) => {
    assertEquals(Math.max(...toInt8(a).map(Math.abs)), 127);
    people.forEach((b, j) => {
      assertAlmostEquals(cosine(rounded[i]!, rounded[j]!), cosine(a, b), 0.002);
    });
  });
});

Deno.test("bytes are as good for a vector of any length", () => {
  for (const scale of [1e-30, 1, 1e30]) {
    assertEquals(toInt8([0, scale, -scale / 2, scale / 127]), Int8Array.of(0, 127, -63, 1));
  }
});
