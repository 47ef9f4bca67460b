import { assertEquals } from "@std/assert";
import { readKeysOptions } from "./options.ts";

const name = (text: string) => {
  const [namespace, name] = text.split("/") as [string, string];
  return { namespace, name };
};
const TOKEN = ["--token-private", "api/private", "--token-public", "workers/public"];
const TEMPLATE = ["--template-keys", "workers/template-keys"];
const API = ["--api-keys=api/keys", "--admin-key=api/admin", "--test-key=api/test.key"];

Deno.test("each group of options can be given without the others", () => {
  const token = { privateKeys: name("api/private"), publicKeys: name("workers/public") };
  const templateKeys = name("workers/template-keys");
  const apiKeys = {
    keysFile: name("api/keys"),
    adminKey: name("api/admin"),
    testKey: name("api/test.key"),
  };
  assertEquals(readKeysOptions(TOKEN), { token });
  assertEquals(readKeysOptions(TEMPLATE), { templateKeys });
  assertEquals(readKeysOptions(API), { apiKeys });
  assertEquals(readKeysOptions([...API, ...TEMPLATE, ...TOKEN]), { token, templateKeys, apiKeys });
});

Deno.test("a wrong command line is explained in one sentence", () => {
  for (
    const [args, wrong] of [
      [[], "There is nothing to make"],
      [TOKEN.slice(2), "Give --token-private and --token-public together"],
      [
        [...TOKEN, ...API.slice(1)],
        "Give --api-keys and --admin-key and --test-key together",
      ],
      [["--template-keys", "template-keys"], "--template-keys must be NAMESPACE/NAME"],
      [["--template-keys", "a/b/c"], "--template-keys must be NAMESPACE/NAME"],
      [["--template-keys", "../b"], "--template-keys must be NAMESPACE/NAME"],
      [["--template-keys", "a/b?x"], "--template-keys must be NAMESPACE/NAME"],
      [["--template-keys="], "--template-keys must be NAMESPACE/NAME"],
      [[...TEMPLATE, "--api-key", "a/b"], "Unknown option '--api-key'"],
    ] as const
  ) {
    assertEquals(readKeysOptions([...args]), { wrong }, args.join(" "));
  }
  const positional = readKeysOptions(["api/private", "workers/public"]);
  assertEquals("wrong" in positional && positional.wrong.startsWith("Unexpected argument"), true);
});
