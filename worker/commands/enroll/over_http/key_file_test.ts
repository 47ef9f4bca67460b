import { assert, assertEquals, assertRejects } from "@std/assert";
import { temporaryFolder } from "../../../../tests/support/temporary_folder.ts";
import { KeyError, readKey } from "./key_file.ts";

const SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQ";

async function keyFile(content: string | Uint8Array, mode = 0o600) {
  const folder = await temporaryFolder({ key: content });
  await Deno.chmod(folder.path("key"), mode);
  return { path: folder.path("key"), [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

Deno.test("a key is the only text of its file, and its id is public", async () => {
  await using file = await keyFile(`fi_0123456789abcdef_${SECRET}\r\n`);
  assertEquals(await readKey(file.path), {
    text: `fi_0123456789abcdef_${SECRET}`,
    id: "0123456789abcdef",
  });
  await using token = await keyFile("eyJhbGciOiJFZERTQSJ9.e30.c2ln", 0o400);
  assertEquals((await readKey(token.path)).id, undefined);
});

Deno.test("a key that other accounts can read is refused", async () => {
  for (const mode of [0o640, 0o604, 0o644, 0o620, 0o601]) {
    await using file = await keyFile(SECRET, mode);
    await assertRejects(() => readKey(file.path), KeyError, "chmod 600");
  }
});

Deno.test("a file without exactly one key is refused, and no error has the key", async () => {
  const cases: [string | Uint8Array, string][] = [
    ["", "has no key"],
    [" \n", "has no key"],
    [`${SECRET} ${SECRET}`, "one key and nothing else"],
    [`${SECRET}\n${SECRET}`, "one key and nothing else"],
    [`Bearer ${SECRET}`, "one key and nothing else"],
    [`${SECRET}\u00e9`, "one key and nothing else"],
    [new Uint8Array([0xff, 0xfe]), "one key and nothing else"],
    [SECRET.repeat(1000), "more than 16384 bytes"],
  ];
  for (const [content, text] of cases) {
    await using file = await keyFile(content);
    const error = await assertRejects(() => readKey(file.path), KeyError, text);
    assert(!error.message.includes(SECRET));
  }
  await assertRejects(() => readKey("/no/such/file"), KeyError, "cannot be read");
  await assertRejects(() => readKey("/"), KeyError, "is not a file");
});
