import { assert, assertEquals, assertRejects } from "@std/assert";
import { exportPKCS8, exportSPKI, generateKeyPair } from "jose";
import { ConfigError } from "../env.ts";
import { fakeTokenKeys } from "./fake_token_keys.ts";
import {
  makePrivateKey,
  MAX_KEY_FILE_BYTES,
  parsePrivateKeys,
  parsePublicKeys,
  publicHalves,
} from "./token_keys.ts";

// As "openssl genpkey -algorithm ed25519" and "openssl pkey -pubout" print them.
const OPENSSL_PRIVATE = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
`;
const OPENSSL_PUBLIC = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
`;

/** Checks that a text is refused, and that the error does not repeat it. */
async function assertRefused(parsing: Promise<unknown>, text: string, reason: string) {
  const { message } = await assertRejects(() => parsing, ConfigError, reason);
  for (const line of text.split("\n").filter((line) => line.length > 12)) {
    assert(!message.includes(line), message);
  }
}

Deno.test("keys of openssl are read, and the public half is the one of openssl", async () => {
  const [key] = await parsePrivateKeys(OPENSSL_PRIVATE);
  assertEquals(key.publicPem, OPENSSL_PUBLIC);
  assertEquals([...(await parsePublicKeys(OPENSSL_PUBLIC)).keys()], [key.id]);
});

Deno.test("a file has several keys, with any white space around them", async () => {
  const [first, second] = [await fakeTokenKeys(), await fakeTokenKeys()];
  const keys = await parsePrivateKeys(
    `\n${first.privatePem}\r\n\n  ${second.privatePem.trim().replaceAll("\n", "\r\n")}`,
  );
  assertEquals(keys.map(({ id }) => id), [first.signing[0].id, second.signing[0].id]);
  const verifying = await parsePublicKeys(publicHalves(keys));
  assertEquals([...verifying.keys()], keys.map(({ id }) => id));
});

Deno.test("made keys differ, and can be read", async () => {
  const made = [await makePrivateKey(), await makePrivateKey()];
  assert(made[0] !== made[1]);
  assertEquals((await parsePrivateKeys(made.join(""))).length, 2);
});

Deno.test("the private key in use cannot be exported", async () => {
  const [{ key }] = (await fakeTokenKeys()).signing;
  assertEquals([key.type, key.extractable], ["private", false]);
});

Deno.test("a file of the first version is refused with a line that says what to do", async () => {
  for (const text of ["s3cr3t".repeat(8), `${"a".repeat(40)}\n${"b".repeat(40)}\n`]) {
    for (const parse of [parsePrivateKeys, parsePublicKeys]) {
      await assertRefused(parse(text), text, "openssl genpkey -algorithm ed25519");
    }
  }
});

Deno.test("a private key is refused where public keys belong, and the other way round", async () => {
  await assertRefused(parsePublicKeys(OPENSSL_PRIVATE), OPENSSL_PRIVATE, "openssl pkey -pubout");
  await assertRefused(parsePrivateKeys(OPENSSL_PUBLIC), OPENSSL_PUBLIC, "not a PRIVATE KEY");
});

Deno.test("other kinds of keys are refused", async () => {
  for (const alg of ["ES256", "RS256", "ECDH-ES"]) {
    const pair = await generateKeyPair(alg, { extractable: true });
    const [secret, open] = [await exportPKCS8(pair.privateKey), await exportSPKI(pair.publicKey)];
    await assertRefused(parsePrivateKeys(secret), secret, "not an Ed25519 key");
    await assertRefused(parsePublicKeys(open), open, "not an Ed25519 key");
    await assertRefused(parsePublicKeys(OPENSSL_PUBLIC + open), open, "not an Ed25519 key");
  }
});

Deno.test("damaged text, no key, text between keys and too much of it are refused", async () => {
  const { privatePem } = await fakeTokenKeys();
  for (
    const [text, reason] of [
      ["", "there is no key"],
      [" \n\n ", "there is no key"],
      [`secret key of the api: ${privatePem}`, "outside of PEM blocks"],
      [`${privatePem}a-third-secret-key-of-the-api`, "outside of PEM blocks"],
      [privatePem.replace("END", "END OF"), "outside of PEM blocks"],
      [privatePem.replace(/.{4}\n-----END/, "\n-----END"), "damaged"],
      [privatePem.replace("MC4CAQ", "!!4CAQ"), "outside of PEM blocks"],
      [privatePem.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"), "not a PRIVATE KEY"],
      [privatePem.replaceAll("PRIVATE", "RSA PRIVATE"), "not a PRIVATE KEY"],
      [privatePem.repeat(17), "more than 16 keys"],
      ["x".repeat(MAX_KEY_FILE_BYTES + 1), "more than 16384 bytes"],
      [privatePem + " ".repeat(MAX_KEY_FILE_BYTES), "more than 16384 bytes"],
    ] as const
  ) {
    await assertRefused(parsePrivateKeys(text), text, reason);
  }
});
