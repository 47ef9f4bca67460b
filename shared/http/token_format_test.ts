import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createPrivateKey, sign } from "node:crypto";
import { importPKCS8, importSPKI, jwtVerify, SignJWT } from "jose";
import { fakeTokenKeys } from "./fake_token_keys.ts";
import { type Claims, headerOf, signToken, splitToken, verifyToken } from "./token_format.ts";

const { signing: [{ id, tokenHeader, key }], verifying, privatePem, publicPem } = fakeTokenKeys();
const PUBLIC_KEY = verifying.get(id)!;
const CLAIMS = {
  aud: "worker-1",
  iat: 1_769_860_800,
  user_id: '用\u{1f600}\\"\n\ud800',
  liveness: 0.1,
};
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const part = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** Signs any two parts with the right key. */
function signParts(header: string, payload: string): string {
  const signed = `${header}.${payload}`;
  return `${signed}.${sign(null, Buffer.from(signed), key).toString("base64url")}`;
}

/** Verifies a token with the one key, as a part of the service does. */
function verify(token: string): Claims | "malformed" | "unknown key" | "wrong signature" {
  const parts = splitToken(token);
  if (parts === undefined) return "malformed";
  return parts.keyId === id ? verifyToken(parts, PUBLIC_KEY) : "unknown key";
}

Deno.test("a signed token has the claims", () => {
  for (const claims of [CLAIMS, {}, { long: "x".repeat(100_000) }, { a: { b: [1, null] } }]) {
    assertEquals(verify(signToken(tokenHeader, claims, key)), claims);
  }
  const nested = `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`;
  assertEquals(JSON.stringify(verify(signParts(tokenHeader, part(nested)))), nested);
});

Deno.test("jose verifies the tokens, and writes the same ones", async () => {
  const token = signToken(tokenHeader, CLAIMS, key);
  const header = { alg: "EdDSA", kid: id };
  const joses = await new SignJWT(CLAIMS).setProtectedHeader(header)
    .sign(await importPKCS8(privatePem, "EdDSA"));
  assertEquals(token, joses);
  assertEquals(verify(joses), CLAIMS);
  const verified = await jwtVerify(token, await importSPKI(publicPem, "EdDSA"), {
    currentDate: new Date(CLAIMS.iat * 1000),
  });
  assertEquals([verified.protectedHeader, verified.payload], [header, CLAIMS]);
});

Deno.test("a token is refused when any of its characters is another one", () => {
  const token = signToken(tokenHeader, CLAIMS, key);
  for (let i = 0; i < token.length; i++) {
    const flipped = [1, 2, 4, 8, 16, 32].map((bit) => ALPHABET[ALPHABET.indexOf(token[i]!) ^ bit]);
    for (const other of [...flipped, ".", "=", "+", " ", "\n", "\0", "é", "\ud800"]) {
      if (other === token[i] || other === undefined) continue;
      const result = verify(token.slice(0, i) + other + token.slice(i + 1));
      assertEquals(typeof result, "string", `${i}: ${other}`);
    }
    assertEquals(typeof verify(token.slice(0, i) + token.slice(i + 1)), "string", `without ${i}`);
    assertEquals(typeof verify(token.slice(0, i)), "string", `until ${i}`);
  }
});

Deno.test("random text is no token", () => {
  const characters = `${ALPHABET}...=+/ "{}`;
  for (let i = 0; i < 2000; i++) {
    const random = crypto.getRandomValues(new Uint8Array(i % 200));
    const text = Array.from(random, (byte) => characters[byte % characters.length]).join("");
    assertEquals(verify(text), "malformed");
    const [header, payload, signature] = signToken(tokenHeader, CLAIMS, key).split(".");
    const parts = [`${text}.${payload}.${signature}`, `${header}.${text}.${signature}`];
    for (const token of [...parts, `${header}.${payload}.${text}`]) {
      assertEquals(typeof verify(token), "string", token);
    }
  }
});

Deno.test("a token has three parts, without padding", () => {
  const token = signToken(tokenHeader, CLAIMS, key);
  const [header, payload, signature] = token.split(".");
  for (
    const other of [
      ...["", ".", "..", "...", `.${payload}.${signature}`, `${header}..${signature}`],
      ...[`${header}.${payload}.`, `${header}.${payload}`, `${token}.`, `.${token}`],
      ...[`${token}.${signature}`, `${token}=`, `${token}==`, `${token}\n`, ` ${token}`],
      ...[`${header}=.${payload}.${signature}`, token.replaceAll(".", "\u3002")],
    ]
  ) {
    assertEquals(verify(other), "malformed", other);
  }
});

Deno.test("a part in another form is refused, although it has the same bytes", () => {
  const [header, payload, signature] = signToken(tokenHeader, CLAIMS, key).split(".");
  // The last character of a signature has four bits that are not used.
  const last = ALPHABET.indexOf(signature!.at(-1)!);
  for (let bits = 1; bits < 16; bits++) {
    const other = signature!.slice(0, -1) + ALPHABET[last + bits];
    assertEquals(Buffer.from(other, "base64url"), Buffer.from(signature!, "base64url"));
    assertEquals(verify(`${header}.${payload}.${other}`), "malformed");
  }
  for (const text of ['{ "a":1}', '{"a":1} ', '{"a":1.0}', '{"\\u0061":1}', '{"a":1,"a":1}']) {
    assertEquals(verify(signParts(header!, part(text))), "malformed", text);
  }
  assertEquals(verify(signParts(header!, part('{"a":1}'))), { a: 1 });
  const unusedBits = part('{"a":12}').replace(/.$/, (end) => ALPHABET[ALPHABET.indexOf(end) + 1]!);
  assertEquals(verify(signParts(header!, unusedBits)), "malformed");
});

Deno.test("a signature of another length is wrong", () => {
  const [header, payload, signature] = signToken(tokenHeader, CLAIMS, key).split(".");
  const bytes = Buffer.from(signature!, "base64url");
  for (const other of [bytes.subarray(1), bytes.subarray(0, 63), Buffer.concat([bytes, bytes])]) {
    const token = `${header}.${payload}.${other.toString("base64url")}`;
    assertEquals(verify(token), "wrong signature");
  }
});

Deno.test("a header has the algorithm and the id of the key, and nothing else", () => {
  const payload = part(CLAIMS);
  const ours = { alg: "EdDSA", kid: id };
  for (
    const header of [
      ...["none", "None", "HS256", "ES256", "RS256", "Ed25519", "eddsa", "", null, ["EdDSA"]]
        .map((alg) => ({ ...ours, alg })),
      { kid: id },
      { ...ours, typ: "JWT" },
      { ...ours, crit: [] },
      { ...ours, crit: ["b64"], b64: false },
      { ...ours, b64: true },
      { ...ours, jwk: PUBLIC_KEY.export({ format: "jwk" }) },
      { ...ours, x: "x".repeat(100_000) },
      { kid: id, alg: "EdDSA" },
      `{"alg":"EdDSA","kid":"other","kid":"${id}"}`,
      `{"alg":"none","alg":"EdDSA","kid":"${id}"}`,
      `{"alg":"EdDSA","kid":"${id}","__proto__":{}}`,
      `{"alg": "EdDSA","kid":"${id}"}`,
      `\ufeff${JSON.stringify(ours)}`,
      `${JSON.stringify(ours)}\n`,
      ...[[ours], null, 7, '"EdDSA"', "{", "[".repeat(100_000)],
    ]
  ) {
    assertEquals(verify(signParts(part(header), payload)), "malformed", part(header).slice(0, 200));
  }
  for (const kid of ["", "x", `${id}\0`, [id], { toString: id }, 7, null, true, undefined]) {
    assertEquals(verify(signParts(part({ ...ours, kid }), payload)), "unknown key");
  }
  const foreign = part({ alg: "none", kid: "x" });
  assertEquals(verify(signParts(foreign, payload)), "malformed", "no key is looked for");
  assertEquals(verify(signParts(part(ours), payload)), CLAIMS);
  assertEquals(part(ours), headerOf(id));
});

Deno.test("a payload that is not an object in JSON is refused", () => {
  for (
    const text of [
      ...["null", "7", '"text"', "[]", `[${JSON.stringify(CLAIMS)}]`, "", " ", "{", "{}{}"],
      ...["\ufeff{}", "{'a':1}", '{"a":NaN}', '{"a":1e999}', `${"[".repeat(100_000)}`],
    ]
  ) {
    const payload = text === "" ? "A" : part(text);
    assertEquals(verify(signParts(tokenHeader, payload)), "malformed", text.slice(0, 100));
  }
  const notUtf8 = Buffer.from([...Buffer.from('{"a":"'), 0xff, ...Buffer.from('"}')]);
  assertEquals(verify(signParts(tokenHeader, notUtf8.toString("base64url"))), "malformed");
});

Deno.test("the claims are not read before the signature is verified", () => {
  const other = createPrivateKey(fakeTokenKeys().privatePem);
  for (const payload of [part("{"), part(CLAIMS), "A"]) {
    const signed = `${tokenHeader}.${payload}`;
    const signature = sign(null, Buffer.from(signed), other).toString("base64url");
    assertEquals(verify(`${signed}.${signature}`), "wrong signature");
  }
  assert(typeof verify(signToken(tokenHeader, CLAIMS, key)) === "object");
});
