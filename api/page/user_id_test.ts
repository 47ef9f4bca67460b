import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { normalizeUserId } from "../../shared/contract/user_text.ts";
import { makeUserId, withRandomEnd } from "./user_id.js";

Deno.test("a user ID is made of the words of a name", () => {
  for (
    const [name, id] of [
      ["Ada Lovelace", "ada-lovelace"],
      ["  Zoë  O'Neil-Smith ", "zoë-o-neil-smith"],
      ["Zoe\u0308", "zoë"],
      ["李 小龍", "李-小龍"],
      ["अनिता", "अनिता"],
      ["R2D2", "r2d2"],
      ["../..", "person"],
      ["🙂", "person"],
    ]
  ) {
    assertEquals(makeUserId(name!), id);
  }
});

Deno.test("every name gives a short user ID that the service accepts", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 256 }), (name) => {
    const id = makeUserId(name);
    assert([...id].length <= 60 && id !== "." && id !== "..");
    for (const made of [id, withRandomEnd(id)]) {
      assert(normalizeUserId(made) !== undefined, JSON.stringify(made));
    }
  }));
});

Deno.test("a random end makes a user ID that nobody has", () => {
  const made = new Set(Array.from({ length: 100 }, () => withRandomEnd("ada")));
  assert(made.size > 95, String(made.size));
  for (const id of made) assertMatch(id, /^ada-[0-9a-v]{5}$/);
});
