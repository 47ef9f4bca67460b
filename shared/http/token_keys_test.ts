import { assert, assertEquals, assertThrows } from "@std/assert";
import { calculateJwkThumbprint, exportJWK, exportPKCS8, exportSPKI, generateKeyPair } from "jose";
import { ConfigError } from "../env.ts";
import { createFakeLog } from "../fake_log.ts";
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
function assertRefused(parse: (text: string) => unknown, text: string, reason: string): void {
  const { message } = assertThrows(() => parse(text), ConfigError, reason);
  for (const line of text.split("\n").filter((line) => line.length > 12)) {
    assert(!message.includes(line), message);
  }
}

Deno.test("keys of openssl are read, and the public half is the one of openssl", () => {
  const [key] = parsePrivateKeys(OPENSSL_PRIVATE);
  assertEquals(key.publicPem, OPENSSL_PUBLIC);
  assertEquals([...(parsePublicKeys(OPENSSL_PUBLIC)).keys()], [key.id]);
});

Deno.test("a file has several keys, with any white space around them", () => {
  const [first, second] = [fakeTokenKeys(), fakeTokenKeys()];
  const keys = parsePrivateKeys(
    `\n${first.privatePem}\r\n\n  ${second.privatePem.trim().replaceAll("\n", "\r\n")}`,
  );
  assertEquals(keys.map(({ id }) => id), [first.signing[0].id, second.signing[0].id]);
  const verifying = parsePublicKeys(publicHalves(keys));
  assertEquals([...verifying.keys()], keys.map(({ id }) => id));
});

Deno.test("made keys differ, and can be read", () => {
  const made = [makePrivateKey(), makePrivateKey()];
  assert(made[0] !== made[1]);
  assertEquals((parsePrivateKeys(made.join(""))).length, 2);
});

Deno.test("what is in a private key is neither logged nor written as JSON", () => {
  const { signing, privatePem } = fakeTokenKeys();
  const [{ key }] = signing;
  const { d } = key.export({ format: "jwk" });
  const { log, lines } = createFakeLog();
  log.info({ signing, key }, "keys");
  const shown = [
    JSON.stringify([signing, lines]),
    Deno.inspect(signing, { depth: 9, showHidden: true }),
    ...[String(key), `${Object.values(key)}`],
  ].join("");
  for (const secret of [d!, ...privatePem.split("\n").filter((line) => /^[^-]/.test(line))]) {
    assert(!shown.includes(secret), shown);
  }
});

Deno.test("keys of WebCrypto are read, and have the ids that jose calculates", async () => {
  const { privateKey, publicKey } = await generateKeyPair("Ed25519", { extractable: true });
  const id = await calculateJwkThumbprint(await exportJWK(publicKey));
  const [key] = parsePrivateKeys(await exportPKCS8(privateKey));
  assertEquals(key.id, id);
  assertEquals(key.publicPem.trim(), (await exportSPKI(publicKey)).trim());
  assertEquals([...parsePublicKeys(await exportSPKI(publicKey)).keys()], [id]);
});

Deno.test("a file of the first version is refused with a line that says what to do", () => {
  for (const text of ["s3cr3t".repeat(8), `${"a".repeat(40)}\n${"b".repeat(40)}\n`]) {
    for (const parse of [parsePrivateKeys, parsePublicKeys]) {
      assertRefused(parse, text, "openssl genpkey -algorithm ed25519");
    }
  }
});

Deno.test("a private key is refused where public keys belong, and the other way round", () => {
  assertRefused(parsePublicKeys, OPENSSL_PRIVATE, "openssl pkey -pubout");
  assertRefused(parsePrivateKeys, OPENSSL_PUBLIC, "not a PRIVATE KEY");
});

Deno.test("other kinds of keys are refused", async () => {
  for (const alg of ["ES256", "RS256", "ECDH-ES", "X25519"]) {
    const pair = alg === "X25519"
      ? await generateKeyPair("ECDH-ES", { crv: alg, extractable: true })
      : await generateKeyPair(alg, { extractable: true });
    const [secret, open] = [await exportPKCS8(pair.privateKey), await exportSPKI(pair.publicKey)];
    assertRefused(parsePrivateKeys, secret, "not an Ed25519 key");
    assertRefused(parsePublicKeys, open, "not an Ed25519 key");
    assertRefused(parsePublicKeys, OPENSSL_PUBLIC + open, "not an Ed25519 key");
  }
});

Deno.test("damaged text, no key, text between keys and too much of it are refused", () => {
  const { privatePem } = fakeTokenKeys();
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
    assertRefused(parsePrivateKeys, text, reason);
  }
});
