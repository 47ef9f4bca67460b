import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../shared/env.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { ensureTemplateKeys } from "./ensure_template_keys.ts";
import { FakeSecretFile } from "./fake_secret_file.ts";

Deno.test("one template key is made when there is none, and then kept", async () => {
  const secret = new FakeSecretFile("template-keys");
  assertEquals(await ensureTemplateKeys(secret), "made");
  assertEquals(parseTemplateKeys(secret.text!).length, 1);
  assertEquals(await ensureTemplateKeys(secret), "kept");
  assertEquals(secret.history.length, 1);
});

Deno.test("template keys of the operator are kept", async () => {
  const text = `# new\n${makeTemplateKey()}\n# old\n${makeTemplateKey()}`;
  const secret = new FakeSecretFile("template-keys", text);
  assertEquals(await ensureTemplateKeys(secret), "kept");
  assertEquals(secret.text, text);
});

Deno.test("template keys that cannot be used are an error without their text, and stay", async () => {
  const key = makeTemplateKey();
  for (const text of ["", "# none\n", key.slice(1), `${key}${key}`]) {
    const secret = new FakeSecretFile("face-it-template-keys", text);
    const error = await assertRejects(
      () => ensureTemplateKeys(secret),
      ConfigError,
      "The Secret face-it-template-keys cannot be used",
    );
    assert(!`${error} ${error.cause}`.includes(key.trim().slice(2)));
    assertEquals(secret.history, [text]);
  }
});
