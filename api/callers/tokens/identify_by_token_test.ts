import { assert, assertEquals, assertRejects } from "@std/assert";
import { createLocalJWKSet, exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { Problem } from "../../../shared/contract/problem.ts";
import { fakeAccess } from "../fake_access.ts";
import { createIdentifyByToken, type TokenConfig } from "./identify_by_token.ts";
import { IssuerUnavailable } from "./issuer_keys.ts";

const NOW = Date.UTC(2030, 0, 1);
const SECONDS = NOW / 1000;
const CONFIG: TokenConfig = {
  issuer: "https://login.example.org",
  audience: "face-it",
  keysUrl: new URL("https://login.example.org/jwks"),
  scopeClaim: "scope",
  collectionClaim: "collection",
};
const CLAIMS = {
  iss: CONFIG.issuer,
  aud: CONFIG.audience,
  sub: "alice@example.org",
  exp: SECONDS + 300,
  scope: "openid verify enrol superuser",
};

const rsa = await generateKeyPair("RS256", { extractable: true });
const ec = await generateKeyPair("ES256");
const foreign = await generateKeyPair("RS256");
const keys = createLocalJWKSet({
  keys: [
    { ...await exportJWK(rsa.publicKey), kid: "rsa" },
    { ...await exportJWK(ec.publicKey), kid: "ec" },
  ],
});
const identify = createIdentifyByToken({ config: CONFIG, keys, nowMs: () => NOW });

/** Signs claims with a key of the issuer. undefined removes a claim. */
function sign(
  claims: Readonly<Record<string, unknown>> = {},
  {
    header = { alg: "RS256", kid: "rsa" },
    key = rsa.privateKey as Parameters<SignJWT["sign"]>[0],
  } = {},
): Promise<string> {
  const all = Object.entries({ ...CLAIMS, ...claims }).filter(([, value]) => value !== undefined);
  return new SignJWT(Object.fromEntries(all)).setProtectedHeader(header).sign(key);
}

const part = (value: unknown) =>
  new TextEncoder().encode(JSON.stringify(value)).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });

async function assertUnknown(token: string, about: string): Promise<void> {
  const problem = await assertRejects(() => identify(token), Problem);
  assertEquals(problem.code, "unauthorized", about);
  const told = `${problem.message} ${(problem.cause as Error | undefined)?.message}`;
  for (const secret of [...token.split("."), CLAIMS.sub]) {
    assert(secret === "" || !told.includes(secret), `${about}: ${told}`);
  }
}

Deno.test("a token gives the caller those of its scopes that the service knows, and its collection", async () => {
  const caller = await identify(await sign({ collection: "doors" }));
  assertEquals(caller.scopes, new Set(["verify", "enrol"]));
  assertEquals([caller.collection, caller.ratePerMinute], ["doors", undefined]);
  assert(/^jwt-[0-9a-f]{16}$/.test(caller.id!), caller.id);
  const again = await identify(
    await sign({}, { header: { alg: "ES256", kid: "ec" }, key: ec.privateKey }),
  );
  assertEquals([again.id, again.collection], [caller.id, "default"]);
  for (
    const [scope, scopes] of [
      [["verify", "admin", 7], ["verify", "admin"]],
      [undefined, []],
      ["Verify", []],
      [{ verify: true }, []],
      ["verify,admin", []],
    ] as const
  ) {
    assertEquals([...(await identify(await sign({ scope }))).scopes], [...scopes]);
  }
});

Deno.test("a token of another issuer, for another service or of another time is refused", async () => {
  for (
    const [about, claims] of Object.entries<Record<string, unknown>>({
      "another issuer": { iss: "https://evil.example.org" },
      "an issuer with a slash": { iss: `${CONFIG.issuer}/` },
      "no issuer": { iss: undefined },
      "another audience": { aud: "another-service" },
      "other audiences": { aud: ["a", "b"] },
      "no audience": { aud: undefined },
      "expired": { exp: SECONDS - 61 },
      "no end": { exp: undefined },
      "an end that is a text": { exp: String(SECONDS + 300) },
      "not valid yet": { nbf: SECONDS + 61 },
      "no subject": { sub: undefined },
      "an empty subject": { sub: "" },
      "a bad collection": { collection: "../other" },
      "a collection that is a list": { collection: ["default"] },
    })
  ) {
    await assertUnknown(await sign(claims), about);
  }
  // Clocks differ.
  for (const claims of [{ exp: SECONDS - 59 }, { nbf: SECONDS + 59 }, { aud: ["b", "face-it"] }]) {
    await identify(await sign(claims));
  }
});

Deno.test("a forged token is refused", async () => {
  const good = await sign();
  const [header, payload, signature] = good.split(".") as [string, string, string];
  const admin = part({ ...CLAIMS, scope: "admin" });
  const none = (alg: string) => `${part({ alg, typ: "JWT" })}.${payload}.`;
  const pem = new TextEncoder().encode(await exportSPKI(rsa.publicKey));
  const hmac = { header: { alg: "HS256", kid: "rsa" }, key: pem };
  const foreignKey = { header: { alg: "RS256", kid: "rsa" }, key: foreign.privateKey };
  for (
    const [about, token] of Object.entries({
      "other claims": `${header}.${admin}.${signature}`,
      "no signature": `${header}.${payload}.`,
      "two parts": `${header}.${payload}`,
      "four parts": `${good}.x`,
      "the signature of another token": `${header}.${payload}.${
        (await sign({ scope: "admin" })).split(".")[2]
      }`,
      "none": none("none"),
      "None": none("None"),
      "nOnE": none("nOnE"),
      "none with a signature": `${part({ alg: "none" })}.${payload}.${signature}`,
      "the public key as the secret of HMAC": await sign({}, hmac),
      "a key of somebody else": await sign({}, foreignKey),
      "an unknown key": await sign({}, { header: { alg: "RS256", kid: "x" }, key: rsa.privateKey }),
      "another algorithm": await sign({}, {
        header: { alg: "ES256", kid: "rsa" },
        key: ec.privateKey,
      }),
      "a key in the header": `${part({ alg: "RS256", jwk: await exportJWK(foreign.publicKey) })}.${
        (await sign({}, foreignKey)).split(".").slice(1).join(".")
      }`,
      "an unknown critical header": `${
        part({ alg: "RS256", kid: "rsa", crit: ["x"], x: 1 })
      }.${payload}.${signature}`,
      "no JSON": `x.${payload}.${signature}`,
      "an empty text": "",
    })
  ) {
    await assertUnknown(token, about);
  }
});

Deno.test("a symmetric key of the issuer is not used", async () => {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const identify = createIdentifyByToken({ config: CONFIG, keys: () => secret, nowMs: () => NOW });
  const token = await sign({}, { header: { alg: "HS256", kid: "rsa" }, key: secret });
  const problem = await assertRejects(() => identify(token), Problem);
  assertEquals(problem.code, "unauthorized");
});

Deno.test("a token that cannot be checked now is not accepted, and gets 503", async () => {
  const identify = createIdentifyByToken({
    config: CONFIG,
    keys: () => Promise.reject(new IssuerUnavailable("away")),
    nowMs: () => NOW,
  });
  const problem = await assertRejects(async () => await identify(await sign()), Problem);
  assertEquals([problem.code, problem.retryAfterSeconds], ["issuer_unavailable", 5]);
});

Deno.test("with an issuer, a caller needs a token, and a key is not taken for one", async () => {
  for (const isLoopback of [true, false]) {
    const access = fakeAccess({ byToken: identify, isLoopback });
    const ask = async (headers: HeadersInit) =>
      await access.identify(new Request("http://test/", { headers }));
    assertEquals([...(await ask({})).scopes], []);
    const { scopes } = await ask({ Authorization: `Bearer ${await sign()}` });
    assertEquals([...scopes], ["verify", "enrol"]);
    for (const token of [`fi_${"0".repeat(16)}_${"0".repeat(64)}`, "x", `${await sign()}x`]) {
      await assertRejects(() => ask({ Authorization: `Bearer ${token}` }), Problem);
    }
  }
});
