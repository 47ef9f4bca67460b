import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { isUserText, normalizeUserId } from "../../../shared/contract/user_text.ts";
import {
  entryEmbedding,
  type GalleryEntry,
  parseGalleryFile,
} from "../../gallery/gallery_entry.ts";
import { formatGallery } from "./format_gallery.ts";

const text = fc.string({ minLength: 1, maxLength: 40, unit: "binary" })
  .filter((words) => words.trim() !== "" && words.length <= 256 && words.isWellFormed());
const numbers = fc.array(fc.double({ noDefaultInfinity: true, noNaN: true }), { maxLength: 8 });
const normalized = text.map((words) => words.normalize("NFC"));
const owner = {
  user_id: normalized.filter((words) => normalizeUserId(words) !== undefined),
  name: normalized.filter(isUserText),
};
const entries: fc.Arbitrary<GalleryEntry[]> = fc.array(fc.oneof(
  fc.record({ ...owner, embedding: numbers }),
  fc.record({ ...owner, embedding_int8: fc.int8Array({ maxLength: 8 }) }),
));

const modelSha256 = fc.constantFrom({}, { modelSha256: "0a".repeat(32) });

Deno.test("parsing a formatted gallery gives the same entries in the same forms", () => {
  fc.assert(fc.property(entries, modelSha256, (written, model) => {
    const json = formatGallery({ ...model, entries: written });
    const { entries: read, ...rest } = parseGalleryFile(json);
    assertEquals(rest, model);
    assertEquals(formatGallery({ ...rest, entries: read }), json);
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
