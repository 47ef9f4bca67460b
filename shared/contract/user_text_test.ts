import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { UserIdSchema } from "./contract.ts";
import { MAX_USER_TEXT_LENGTH, normalizeUserId } from "./user_text.ts";

const texts = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 });

Deno.test("all Unicode spellings of the same user_id become equal", () => {
  fc.assert(fc.property(texts, (text) => {
    const forms = [text, text.normalize("NFC"), text.normalize("NFD")];
    const spellings = forms.filter((form) => form.length <= MAX_USER_TEXT_LENGTH);
    assertEquals(new Set(spellings.map(normalizeUserId)).size, 1);
  }));
});

Deno.test("a user_id stays the same when it is normalised again", () => {
  fc.assert(fc.property(texts, (text) => {
    const once = normalizeUserId(text);
    if (once !== undefined) assertEquals(normalizeUserId(once), once);
  }));
});

Deno.test("letters that only look alike stay different", () => {
  for (const [a, b] of [["a", "\u0430"], ["\ufb01", "fi"], ["K", "k"], ["\u00df", "ss"]] as const) {
    assert(normalizeUserId(a) !== normalizeUserId(b), `${a} and ${b}`);
  }
});

Deno.test("a user_id is refused when it is empty, too long, ill-formed or has a control character", () => {
  const grows = "\u0958".repeat(200);
  assertEquals(grows.normalize("NFC").length, 400);
  for (
    const wrong of ["", "x".repeat(257), "e\u0301".repeat(129), grows, "\ud800", "a\udc00b", "a\nb"]
  ) assertEquals(normalizeUserId(wrong), undefined, JSON.stringify(wrong));
  for (const code of [0, 9, 10, 13, 27, 31, 127, 128, 155, 159]) {
    assertEquals(normalizeUserId(`a${String.fromCharCode(code)}b`), undefined, `${code}`);
  }
  for (const good of ["x".repeat(256), "\u{1f600}", " ", "a b", "\u00a0"]) {
    assertEquals(normalizeUserId(good), good);
  }
});

Deno.test("the schema of the contract accepts the same texts and gives the same user_ids", () => {
  const any = fc.oneof(
    texts,
    fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((c) => String.fromCharCode(c)) }),
    fc.string({ unit: "binary", minLength: 250, maxLength: 260 }),
  );
  fc.assert(fc.property(any, (text) => {
    assertEquals(UserIdSchema.safeParse(text).data, normalizeUserId(text));
  }));
});
