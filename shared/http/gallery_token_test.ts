import { assertEquals, assertRejects } from "@std/assert";
import type { GalleryClaims } from "../contract/gallery_call.ts";
import { Problem } from "../contract/problem.ts";
import { signCall } from "./call_token.ts";
import { fakeTokenKeys } from "./fake_token_keys.ts";
import { createGalleryTokenVerifier, signGalleryToken } from "./gallery_token.ts";
import { signToken } from "./token_format.ts";
import { signWorkerToken } from "./worker_token.ts";

const KEYS = fakeTokenKeys();
const NOW_MS = Date.UTC(2026, 0, 31, 12);
const CLAIMS: GalleryClaims = {
  purpose: "decide",
  collection: "default",
  key: "0123456789abcdef",
  user_id: "\u{1f600}".repeat(128),
  body_sha256: "a".repeat(64),
  model: "b".repeat(64),
};

const verifier = () =>
  createGalleryTokenVerifier({ keys: () => KEYS.verifying, clock: () => NOW_MS });

async function assertRefused(token: string, fault: string): Promise<void> {
  const problem = await assertRejects(() => verifier()(`Bearer ${token}`), Problem);
  assertEquals([problem.code, String(problem.cause)], [
    "unauthorized",
    `Error: The token is not accepted: ${fault}`,
  ]);
}

Deno.test("the gallery gets the claims that the api has signed, once", async () => {
  const verify = verifier();
  const token = signGalleryToken(KEYS.signing, CLAIMS, NOW_MS);
  const { claims, refusedAfterMs, jti } = await verify(`Bearer ${token}`);
  assertEquals(claims, CLAIMS);
  assertEquals(jti.length, 22);
  assertEquals(refusedAfterMs, NOW_MS + (10 + 2 * 90 + 1) * 1000);
  const again = await assertRejects(() => verify(`Bearer ${token}`), Problem);
  assertEquals(again.code, "unauthorized");
});

Deno.test("a token with a later expiry need not be remembered for longer", async () => {
  const iat = NOW_MS / 1000;
  const jti = "j".repeat(22);
  for (const exp of [iat + 11, Number.MAX_SAFE_INTEGER]) {
    const statement = { ...CLAIMS, aud: "face-it-gallery", iat, exp, jti };
    const [{ tokenHeader, key }] = KEYS.signing;
    const token = signToken(tokenHeader, statement, key);
    const { refusedAfterMs } = await verifier()(`Bearer ${token}`);
    assertEquals(refusedAfterMs, NOW_MS + (10 + 2 * 90 + 1) * 1000);
  }
});

Deno.test("the gallery refuses a worker's token, and a worker's name as audience", async () => {
  await assertRefused(
    signWorkerToken(KEYS.signing, "worker-1", NOW_MS),
    "for another audience",
  );
  await assertRefused(
    signCall(KEYS.signing, "worker-1", CLAIMS, NOW_MS),
    "for another audience",
  );
});

Deno.test("the gallery refuses a token with missing, unknown or malformed claims", async () => {
  for (
    const claims of [
      {},
      { ...CLAIMS, purpose: "drop_users" },
      { ...CLAIMS, collection: "" },
      { ...CLAIMS, threshold: 0 },
      { ...CLAIMS, user_id: "a\nb" },
    ]
  ) {
    const token = signCall(KEYS.signing, "face-it-gallery", claims, NOW_MS);
    await assertRefused(token, "malformed");
  }
});
