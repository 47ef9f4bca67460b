import { base64url, type JWTPayload, SignJWT } from "jose";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConfigError } from "../env.ts";
import { Problem } from "../contract/problem.ts";
import {
  parseTokenKeys,
  randomTokenKey,
  signWorkerToken,
  type TokenKeys,
  verifyWorkerToken,
} from "./worker_token.ts";

const KEYS = parseTokenKeys(randomTokenKey());
const OTHER_KEYS = parseTokenKeys(randomTokenKey());
const now = () => Math.floor(Date.now() / 1000);

const verify = (token: string, keys: TokenKeys = KEYS) =>
  verifyWorkerToken(keys, "worker-1", `Bearer ${token}`);

async function assertRefused(verifying: () => Promise<void>): Promise<void> {
  const problem = await assertRejects(verifying, Problem);
  assertEquals(problem.code, "unauthorized");
}

/** Signs a token with these claims and the right key. */
const sign = (claims: JWTPayload, alg = "HS256") =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(KEYS[0]);

const validClaims = (): JWTPayload => ({ aud: "worker-1", iat: now(), exp: now() + 30 });

Deno.test("a token is valid for the worker that it names", async () => {
  await verify(await signWorkerToken(KEYS, "worker-1"));
  await verify(await sign(validClaims()));
});

Deno.test("a token is not valid for another worker", async () => {
  for (const name of ["worker-2", "worker-", "worker-11", ""]) {
    const token = await signWorkerToken(KEYS, name);
    await assertRefused(() => verify(token));
  }
});

Deno.test("a token that was signed with another key is refused", async () => {
  const token = await signWorkerToken(OTHER_KEYS, "worker-1");
  await assertRefused(() => verify(token));
});

Deno.test("keys can be replaced: the first key signs, and all keys verify", async () => {
  const rotated: TokenKeys = [OTHER_KEYS[0], KEYS[0]];
  await verify(await signWorkerToken(KEYS, "worker-1"), rotated);
  const token = await signWorkerToken(rotated, "worker-1");
  await verify(token, OTHER_KEYS);
  await assertRefused(() => verify(token, KEYS));
});

Deno.test("a token is valid for 30 seconds, and clocks may differ by 5 seconds", async () => {
  const age = (seconds: number): JWTPayload => ({
    aud: "worker-1",
    iat: now() - seconds,
    exp: now() - seconds + 30,
  });
  await verify(await sign(age(32)));
  await verify(await sign(age(-3)));
  for (const seconds of [37, 3600, -60]) {
    const token = await sign(age(seconds));
    await assertRefused(() => verify(token));
  }
});

Deno.test("a token with a later expiry is valid for 30 seconds only", async () => {
  const token = await sign({ aud: "worker-1", iat: now() - 60, exp: now() + 3600 });
  await assertRefused(() => verify(token));
});

Deno.test("a token without audience, issue time or expiry is refused", async () => {
  for (const claim of ["aud", "iat", "exp"]) {
    const { [claim]: _, ...others } = validClaims();
    const token = await sign(others);
    await assertRefused(() => verify(token));
  }
});

Deno.test("a token without a signature, or with another algorithm, is refused", async () => {
  const part = (value: unknown) => base64url.encode(JSON.stringify(value));
  const unsigned = `${part({ alg: "none" })}.${part(validClaims())}.`;
  await assertRefused(() => verify(unsigned));
  const otherwise = await new SignJWT(validClaims()).setProtectedHeader({ alg: "HS512" })
    .sign(new Uint8Array(64));
  await assertRefused(() => verify(otherwise));
});

Deno.test("a token that was changed is refused", async () => {
  const [header, , signature] = (await sign(validClaims())).split(".");
  const claims = base64url.encode(JSON.stringify({ ...validClaims(), exp: now() + 31 }));
  await assertRefused(() => verify(`${header}.${claims}.${signature}`));
});

Deno.test("a header without a token is refused", async () => {
  const token = await signWorkerToken(KEYS, "worker-1");
  for (
    const authorization of [
      undefined,
      "",
      "Bearer",
      "Bearer ",
      "Bearer garbage",
      "Bearer a.b.c",
      `bearer ${token}`,
      `Basic ${token}`,
      token,
      `Bearer ${token} ${token}`,
      `Bearer ${token}\n`,
    ]
  ) {
    await assertRefused(() => verifyWorkerToken(KEYS, "worker-1", authorization));
  }
});

Deno.test("each line is one key, without the white space around it", () => {
  const first = randomTokenKey(), second = randomTokenKey();
  const keys = parseTokenKeys(`\n  ${first}\r\n\n${second}`);
  assertEquals(keys.map((key) => new TextDecoder().decode(key)), [first, second]);
});

Deno.test("at least one key is needed, and each key must be long enough", () => {
  for (const text of ["", "\n \n"]) assertThrows(() => parseTokenKeys(text), ConfigError, "no key");
  const short = "x".repeat(31);
  for (const text of [short, `${randomTokenKey()}\n${short}`]) {
    const { message } = assertThrows(() => parseTokenKeys(text), ConfigError, "shorter than 32");
    assert(!message.includes(short));
  }
  assertEquals(parseTokenKeys(short + "x").length, 1);
});

Deno.test("random keys differ, and can be parsed", () => {
  const key = randomTokenKey();
  assert(key !== randomTokenKey());
  assertEquals(parseTokenKeys(key).length, 1);
});
