import { base64url, exportSPKI, type JWTPayload, SignJWT } from "jose";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../contract/problem.ts";
import { fakeTokenKeys } from "./fake_token_keys.ts";
import { CLOCK_TOLERANCE_SECONDS, LIFETIME_SECONDS, type TokenFault } from "./call_token.ts";
import { signToken } from "./token_format.ts";
import { createTokenVerifier, signWorkerToken } from "./worker_token.ts";
import type { VerifyingKeys } from "./token_keys.ts";

const KEYS = fakeTokenKeys();
const OTHER_KEYS = fakeTokenKeys();
/** The clock of the tests stands still. */
const NOW_MS = Date.UTC(2026, 0, 31, 12);
const NOW = NOW_MS / 1000;
const CLOCKS_DIFFER = "expired, or the clocks differ";

/** Makes a worker with a clock that a test can move. */
function worker(keys: VerifyingKeys = KEYS.verifying, workerName = "worker-1") {
  const clock = { ms: NOW_MS };
  const verifyHeader = createTokenVerifier({
    keys: () => keys,
    workerName,
    clock: () => clock.ms,
  });
  return { clock, verifyHeader, verify: (token: string) => verifyHeader(`Bearer ${token}`) };
}

async function assertRefused(verifying: () => Promise<void>, fault: TokenFault): Promise<void> {
  const problem = await assertRejects(verifying, Problem);
  assertEquals(problem.code, "unauthorized");
  assertEquals((problem.cause as Error).message, `The token is not accepted: ${fault}`);
}

const validClaims = (): JWTPayload => ({
  aud: "worker-1",
  iat: NOW,
  exp: NOW + LIFETIME_SECONDS,
  jti: base64url.encode(crypto.getRandomValues(new Uint8Array(16))),
});

/** Signs a token with these claims and the right key. */
const sign = (claims: JWTPayload, header = {}) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "EdDSA", kid: KEYS.signing[0].id, ...header })
    .sign(KEYS.signing[0].key);

const tokenFor = (name = "worker-1", nowMs = NOW_MS) => signWorkerToken(KEYS.signing, name, nowMs);

Deno.test("a token is valid for the worker that it names", async () => {
  await worker().verify(tokenFor());
  await worker().verify(await sign(validClaims()));
  for (const name of ["w".repeat(253), "用".repeat(253)]) {
    await worker(KEYS.verifying, name).verify(tokenFor(name));
  }
});

Deno.test("a token is not valid for another audience", async () => {
  for (const name of ["worker-2", "worker-", "worker-11", "Worker-1", ""]) {
    await assertRefused(() => worker().verify(tokenFor(name)), "for another audience");
  }
  const both = await sign({ ...validClaims(), aud: ["worker-1", "worker-2"] });
  await assertRefused(() => worker().verify(both), "malformed");
});

Deno.test("a worker has nothing that signs a token", () => {
  for (const key of KEYS.verifying.values()) {
    assertEquals(key.type, "public");
  }
});

Deno.test("a token that was signed with another key is refused", async () => {
  const token = signWorkerToken(OTHER_KEYS.signing, "worker-1", NOW_MS);
  await assertRefused(() => worker().verify(token), "unknown key");
  const pretended = await new SignJWT(validClaims())
    .setProtectedHeader({ alg: "EdDSA", kid: KEYS.signing[0].id }).sign(OTHER_KEYS.signing[0].key);
  await assertRefused(() => worker().verify(pretended), "wrong signature");
});

Deno.test("keys can be replaced: the first key signs, and all keys verify", async () => {
  const both = new Map([...OTHER_KEYS.verifying, ...KEYS.verifying]);
  await worker(both).verify(tokenFor());
  const rotated = signWorkerToken(
    [OTHER_KEYS.signing[0], KEYS.signing[0]],
    "worker-1",
    NOW_MS,
  );
  await worker(both).verify(rotated);
  await worker(OTHER_KEYS.verifying).verify(rotated);
  await assertRefused(() => worker().verify(rotated), "unknown key");
});

Deno.test("the clocks of the api and of a worker may differ by a minute in both directions", async () => {
  assert(CLOCK_TOLERANCE_SECONDS >= 60);
  for (const seconds of [-60, -30, -5, 0, 5, 30, 60]) {
    const { clock, verify } = worker();
    clock.ms += seconds * 1000;
    await verify(tokenFor());
  }
  const tolerated = CLOCK_TOLERANCE_SECONDS + LIFETIME_SECONDS;
  for (const seconds of [-3600, -CLOCK_TOLERANCE_SECONDS - 1, tolerated + 1, 3600]) {
    const { clock, verify } = worker();
    clock.ms += seconds * 1000;
    const token = tokenFor();
    await assertRefused(() => verify(token), CLOCKS_DIFFER);
  }
});

Deno.test("a token with a later expiry is not valid for longer", async () => {
  const long = await sign({ ...validClaims(), iat: NOW - 120, exp: NOW + 3600 });
  await assertRefused(() => worker().verify(long), CLOCKS_DIFFER);
  for (const exp of [Number.MIN_SAFE_INTEGER, -1, 0, NOW - CLOCK_TOLERANCE_SECONDS]) {
    const token = await sign({ ...validClaims(), exp });
    await assertRefused(() => worker().verify(token), CLOCKS_DIFFER);
  }
  await worker().verify(await sign({ ...validClaims(), exp: NOW + 1 - CLOCK_TOLERANCE_SECONDS }));
});

Deno.test("every call has a token of its own, and a worker accepts each token once", async () => {
  const { verify, clock } = worker();
  const tokens = [tokenFor(), tokenFor()];
  assert(tokens[0] !== tokens[1]);
  for (const token of tokens) await verify(token);
  for (const seconds of [0, 1, LIFETIME_SECONDS, 60]) {
    clock.ms = NOW_MS + seconds * 1000;
    for (const token of tokens) await assertRefused(() => verify(token), "used before");
  }
});

Deno.test("a token stays refused for as long as it could be valid, from any clock of the api", async () => {
  for (const skew of [-60, 0, 60, CLOCK_TOLERANCE_SECONDS]) {
    const { verify, clock } = worker();
    const token = tokenFor("worker-1", NOW_MS + skew * 1000);
    await verify(token);
    for (let seconds = 0; seconds <= 300; seconds += 5) {
      clock.ms = NOW_MS + seconds * 1000;
      await assertRejects(() => verify(token), Problem);
      // Another call makes the worker forget what is old.
      await verify(tokenFor("worker-1", clock.ms));
    }
  }
});

Deno.test("of simultaneous calls with one token, one is accepted", async () => {
  const { verify } = worker();
  const token = tokenFor();
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => verify(token)));
  assertEquals(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
});

Deno.test("a token without one of its fields, or with a bad or another field, is refused", async () => {
  for (const claim of ["aud", "iat", "exp", "jti"]) {
    const { [claim]: _, ...others } = validClaims();
    const token = await sign(others);
    await assertRefused(() => worker().verify(token), "malformed");
  }
  for (
    const bad of [
      { jti: "" },
      { jti: "short" },
      { jti: "j".repeat(1000) },
      { jti: 7 },
      { jti: ["a".repeat(22)] },
      { iat: NOW + 0.5 },
      { iat: "now" },
      { exp: "later" },
      { exp: 1e300 },
      { iat: -1e300 },
      { iat: [NOW] },
      { aud: 7 },
      { aud: { "worker-1": true } },
      { nbf: NOW },
      { sub: "user1" },
    ]
  ) {
    const token = await sign({ ...validClaims(), ...bad } as JWTPayload);
    await assertRefused(() => worker().verify(token), "malformed");
  }
  // As JSON writes them: null.
  for (const exp of [NaN, Infinity]) {
    const [{ tokenHeader, key }] = KEYS.signing;
    const token = signToken(tokenHeader, { ...validClaims(), exp }, key);
    await assertRefused(() => worker().verify(token), "malformed");
  }
});

Deno.test("a token without a signature, or with another algorithm, is refused", async () => {
  const part = (value: unknown) => base64url.encode(JSON.stringify(value));
  const kid = KEYS.signing[0].id;
  for (const alg of ["none", "None", "NONE"]) {
    const unsigned = `${part({ alg, kid })}.${part(validClaims())}.`;
    await assertRefused(() => worker().verify(unsigned), "malformed");
    await assertRefused(() => worker().verify(`${unsigned}AAAA`), "malformed");
  }
  // The public key as the secret of a symmetric algorithm, in each of its forms.
  const [key] = [...KEYS.verifying.values()];
  const raw = base64url.decode(key!.export({ format: "jwk" }).x!);
  const spki = await exportSPKI(key!);
  for (const alg of ["HS256", "HS384", "HS512"]) {
    for (
      const secret of [raw, ...[spki, spki.trim(), KEYS.publicPem].map(encode)]
    ) {
      const padded = new Uint8Array(Math.max(secret.length, 64));
      padded.set(secret);
      for (const bytes of [secret, padded]) {
        const token = await hmac(alg, bytes, `${part({ alg, kid })}.${part(validClaims())}`);
        await assertRefused(() => worker().verify(token), "malformed");
      }
    }
  }
});

Deno.test("a token with an unusual header is refused", async () => {
  const header = (fields: object) => sign(validClaims(), fields);
  await assertRefused(async () => worker().verify(await header({ kid: undefined })), "unknown key");
  await assertRefused(async () => worker().verify(await header({ kid: "" })), "unknown key");
  const key = [...OTHER_KEYS.verifying.values()][0]!.export({ format: "jwk" });
  for (const extra of [{ typ: "JWT" }, { jwk: key as never }]) {
    const token = await header(extra);
    await assertRefused(() => worker().verify(token), "malformed");
  }
  const own = await new SignJWT(validClaims())
    .setProtectedHeader({ alg: "EdDSA", kid: OTHER_KEYS.signing[0].id, jwk: key as never })
    .sign(OTHER_KEYS.signing[0].key);
  await assertRefused(() => worker().verify(own), "unknown key");
});

Deno.test("a token that was changed is refused", async () => {
  const token = await sign(validClaims());
  const [header, claims, signature] = token.split(".");
  const later = base64url.encode(JSON.stringify({ ...validClaims(), exp: NOW + 31 }));
  await assertRefused(() => worker().verify(`${header}.${later}.${signature}`), "wrong signature");
  const flipped = signature!.startsWith("A") ? "B" : "A";
  await assertRefused(
    () => worker().verify(`${header}.${claims}.${flipped}${signature!.slice(1)}`),
    "wrong signature",
  );
});

Deno.test("a header without a token, or with too long a token, is refused", async () => {
  const token = tokenFor();
  for (const missing of [undefined, ""]) {
    await assertRefused(() => worker().verifyHeader(missing), "missing");
  }
  for (
    const authorization of [
      "Bearer",
      "Bearer ",
      "Bearer garbage",
      "Bearer a.b.c",
      `bearer ${token}`,
      `Basic ${token}`,
      token,
      `Bearer ${token} ${token}`,
      `Bearer ${token}\n`,
      `Bearer ${token}.${token}`,
      `Bearer ${token}${"A".repeat(2000)}`,
      `Bearer ${"a.".repeat(30_000)}`,
    ]
  ) {
    await assertRefused(() => worker().verifyHeader(authorization), "malformed");
  }
});

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Signs with any secret, also one that jose refuses because it is short. */
async function hmac(alg: string, secret: Uint8Array, signed: string): Promise<string> {
  const hash = alg.replace("HS", "SHA-");
  const key = await crypto.subtle.importKey(
    "raw",
    secret as Uint8Array<ArrayBuffer>,
    { name: "HMAC", hash },
    false,
    ["sign"],
  );
  return `${signed}.${
    base64url.encode(new Uint8Array(await crypto.subtle.sign("HMAC", key, encode(signed))))
  }`;
}
