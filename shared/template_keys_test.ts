import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ConfigError } from "./env.ts";
import { makeTemplateKey, MAX_TEMPLATE_KEYS_LENGTH, parseTemplateKeys } from "./template_keys.ts";

Deno.test("the first of several template keys encrypts", () => {
  const [a, b] = [makeTemplateKey(), makeTemplateKey()];
  const keys = parseTemplateKeys(`# made in May\n${a}\n  ${b}`);
  const ids = keys.map(({ id }) => id);
  assertEquals(ids, [parseTemplateKeys(a)[0].id, parseTemplateKeys(b)[0].id]);
  assertMatch(ids[0]!, /^[0-9a-f]{16}$/);
  assertEquals(keys[0].key.export().toString("base64"), a.trim());
});

Deno.test("the id of a template key depends on the key alone", () => {
  const key = makeTemplateKey();
  assertEquals(parseTemplateKeys(key)[0].id, parseTemplateKeys(`\r\n${key.trim()}\r\n`)[0].id);
});

Deno.test("a bad file of template keys is refused in one line that quotes nothing of it", () => {
  const key = makeTemplateKey().trim();
  const bad: Record<string, string> = {
    "": 'Template keys: there is no key: make one with "openssl rand -base64 32"',
    "# nothing\n": 'Template keys: there is no key: make one with "openssl rand -base64 32"',
    [`${key}\nsecret!`]:
      'Template keys: line 2 is not base64: make one with "openssl rand -base64 32"',
    "c2VjcmV0": 'Template keys: line 1 has not 32 bytes: make one with "openssl rand -base64 32"',
    [`${key}\n${key}`]: "Template keys: a key is there twice",
    [Array.from({ length: 17 }, makeTemplateKey).join("")]:
      "Template keys: there are more than 16 keys",
    ["#".repeat(MAX_TEMPLATE_KEYS_LENGTH + 1)]:
      `Template keys: the file has more than ${MAX_TEMPLATE_KEYS_LENGTH} characters`,
  };
  for (const [text, message] of Object.entries(bad)) {
    assertEquals(assertThrows(() => parseTemplateKeys(text), ConfigError).message, message);
  }
});
