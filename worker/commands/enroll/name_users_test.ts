import { assertEquals, assertThrows } from "@std/assert";
import { checkText, EnrolmentError, nameUsers } from "./name_users.ts";

const GALLERY = [{ user_id: "alice", name: "Alice Liddell", embedding: [1] }];

Deno.test("a user gets the given name, or the name in the gallery", () => {
  const users = [{ userId: "alice", name: undefined }, { userId: "bob", name: "Bob" }];
  assertEquals(nameUsers(GALLERY, users, "keep"), [
    { user: users[0]!, name: "Alice Liddell", before: "Alice Liddell" },
    { user: users[1]!, name: "Bob", before: undefined },
  ]);
});

Deno.test("a new user needs a name", () => {
  const users = [{ userId: "bob", name: undefined }];
  assertThrows(
    () => nameUsers(GALLERY, users, "keep"),
    EnrolmentError,
    'The user "bob" is new and needs a name',
  );
});

Deno.test("a changed name is an error when templates are added; it is used when templates are replaced", () => {
  const users = [{ userId: "alice", name: "Alice" }];
  assertThrows(
    () => nameUsers(GALLERY, users, "keep"),
    EnrolmentError,
    'The user "alice" has the name "Alice Liddell" in the gallery, not "Alice"',
  );
  assertEquals(nameUsers(GALLERY, users, "replace")[0]?.name, "Alice");
});

Deno.test("a user_id or name that is not allowed is an error", () => {
  const refuses = (userId: string, name: string | undefined, message: string) =>
    assertThrows(() => nameUsers([], [{ userId, name }], "keep"), EnrolmentError, message);
  refuses("", "Bob", "The user_id is empty");
  refuses("a\nb", undefined, 'The user_id "a\\nb" has control characters');
  refuses("bob", " ", "The name is empty");
});

Deno.test("a user_id or name has 1 to 256 characters and no control characters", () => {
  for (const text of ["a", "Ада Лавлейс", "名前", "a".repeat(256)]) {
    assertEquals(checkText("name", text), undefined);
  }
  assertEquals(checkText("name", "a\u0007"), 'The name "a\\u0007" has control characters');
  assertEquals(checkText("name", "a\u0085"), 'The name "a\u0085" has control characters');
  assertEquals(
    checkText("user_id", "a".repeat(257)),
    `The user_id "${"a".repeat(32)}…" is longer than 256 characters`,
  );
});

Deno.test("a user_id or name has at most 256 characters also in NFC, and no half surrogate pair", () => {
  const grows = "\u0958".repeat(129);
  assertEquals(
    checkText("user_id", grows),
    `The user_id "${grows.slice(0, 32)}…" is longer than 256 characters in NFC`,
  );
  assertEquals(checkText("name", "a\ud800"), "The name is not a valid Unicode text");
});

Deno.test("a name in another Unicode form is the same name", () => {
  const gallery = [{ user_id: "rene", name: "Ren\u00e9", embedding: [1, 0] }];
  const users = [{ userId: "rene", name: "Rene\u0301" }];
  assertEquals(nameUsers(gallery, users, "keep")[0]?.name, "Ren\u00e9");
});
