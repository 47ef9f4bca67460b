import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseGallery } from "./gallery.ts";
import { GalleryError } from "./gallery_entry.ts";

const DIMENSION = 5;

/** Secrets that no error message may show: a number of an embedding, and its bytes in base64. */
const SECRET_NUMBER = 0.8271937465;
const SECRET_BYTES = "c2VjcmV0";

// These generators make entries that are valid, nearly valid, or anything else.
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

Deno.test("any content becomes a gallery or a GalleryError that quotes no embedding", () => {
  const outcomes = { gallery: 0, error: 0 };
  fc.assert(
    fc.property(files, (json) => {
      try {
        const { users, templateCounts, segments, size } = parseGallery(json, DIMENSION);
        for (const { vectors } of segments) {
          assertEquals(vectors.length, users.length * DIMENSION);
          users.forEach((_, i) => {
            const length = Math.hypot(...vectors.subarray(i * DIMENSION, (i + 1) * DIMENSION));
            if (templateCounts[i] === 1) assertAlmostEquals(length, 1, 1e-6);
            else assert(length <= 1 + 1e-6);
          });
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
