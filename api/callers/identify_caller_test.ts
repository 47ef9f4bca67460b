import { assert, assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../shared/contract/problem.ts";
import { makeApiKey } from "./api_keys/api_key.ts";
import { fakeAccess, type FakeAccessOptions, fakeKey } from "./fake_access.ts";
import { SCOPES } from "./scopes.ts";

const NOW = Date.UTC(2030, 0, 1);
const { text: KEY, entry: ENTRY } = fakeKey(["verify"], {
  collection: "doors",
  rate_per_minute: 5,
});

/** Identifies the caller of a request with these headers. */
async function identify(headers: HeadersInit, options: FakeAccessOptions = {}) {
  const { identify } = fakeAccess({ nowMs: () => NOW, ...options });
  return await identify(new Request("http://test/", { headers }));
}

/** Checks that the caller is not known, and returns what the caller is told. */
async function assertUnknown(headers: HeadersInit, options: FakeAccessOptions): Promise<string> {
  const problem = await assertRejects(() => identify(headers, options), Problem);
  assertEquals(problem.code, "unauthorized");
  return problem.message;
}

Deno.test("a key gives the caller the scopes, the collection, the rate and the policies of its entry", async () => {
  for (const scheme of ["Bearer", "bearer", "BEARER", "Bearer "]) {
    const caller = await identify({ Authorization: `${scheme} ${KEY}` }, { keys: [ENTRY] });
    assertEquals(caller, {
      id: ENTRY.id,
      scopes: new Set(["verify"] as const),
      collection: "doors",
      ratePerMinute: 5,
      policy: { liveness: undefined, quality: undefined },
    });
  }
  const { text, entry } = fakeKey(["verify"], { liveness: "enforce", quality: "enforce" });
  const { policy } = await identify({ Authorization: `Bearer ${text}` }, { keys: [entry] });
  assertEquals(policy, { liveness: "enforce", quality: "enforce" });
});

Deno.test("a key that is wrong in any way is not known", async () => {
  const other = makeApiKey();
  const [, id, secret] = KEY.split("_") as [string, string, string];
  const [, otherId, otherSecret] = other.text.split("_") as [string, string, string];
  const wrong: Record<string, string> = {
    "another key": `Bearer ${other.text}`,
    "the secret of another key": `Bearer fi_${id}_${otherSecret}`,
    "the id of another key": `Bearer fi_${otherId}_${secret}`,
    "the hash instead of the secret": `Bearer fi_${id}_${ENTRY.sha256.toHex()}`,
    "a secret of zeros": `Bearer fi_${otherId}_${"0".repeat(64)}`,
    "upper case": `Bearer ${KEY.toUpperCase()}`,
    "upper case in one letter": `Bearer Fi${KEY.slice(2)}`,
    "white space in the key": `Bearer ${KEY.slice(0, 10)} ${KEY.slice(10)}`,
    "a line's end in the scheme": `Bearer\t${KEY}`,
    "no scheme": KEY,
    "no key": "Bearer",
    "another scheme": `Basic ${btoa(`${id}:${secret}`)}`,
    "two keys": `Bearer ${KEY}, Bearer ${KEY}`,
    "two keys with one scheme": `Bearer ${KEY},${KEY}`,
    "a comma": `Bearer ${KEY},`,
    "quotes": `Bearer "${KEY}"`,
    "an unfinished key": `Bearer ${KEY.slice(0, -1)}`,
    "a longer key": `Bearer ${KEY}0`,
    "an empty key": "Bearer fi__",
    "a name of Object": "Bearer __proto__",
    "a long text": `Bearer ${"x".repeat(100_000)}`,
    "a token without a signature": `Bearer ${btoa('{"alg":"none"}')}.${btoa('{"sub":"x"}')}.`,
  };
  for (const [what, Authorization] of Object.entries(wrong)) {
    const detail = await assertUnknown({ Authorization }, { keys: [ENTRY] });
    assert(!detail.includes(secret) && !detail.includes(otherSecret), what);
    // A wrong key does not fall back to what callers without a key may do.
    await assertUnknown({ Authorization }, { keys: [ENTRY], allowAnonymous: true });
    await assertUnknown({ Authorization }, { keys: [ENTRY], isLoopback: true });
  }
});

Deno.test("two Authorization headers are refused, also when both have the same key", async () => {
  const headers = new Headers();
  headers.append("Authorization", `Bearer ${KEY}`);
  headers.append("Authorization", `Bearer ${KEY}`);
  await assertUnknown(headers, { keys: [ENTRY] });
});

Deno.test("a key ends at its time", async () => {
  const { text, entry } = fakeKey(["verify"], { expires: new Date(NOW).toISOString() });
  const headers = { Authorization: `Bearer ${text}` };
  await identify(headers, { keys: [entry], nowMs: () => NOW - 1 });
  assertEquals(await assertUnknown(headers, { keys: [entry] }), "The key has expired");
  // Only the holder of the key gets to know this.
  const guess = { Authorization: `Bearer ${text.slice(0, -64)}${"0".repeat(64)}` };
  assertEquals(await assertUnknown(guess, { keys: [entry] }), "The key is not known");
});

Deno.test("on a loopback address without keys, callers on this machine may do everything", async () => {
  const { id, scopes, collection } = await identify({}, { isLoopback: true });
  assertEquals([id, [...scopes], collection], [undefined, [...SCOPES], "default"]);
  // The header is for a proxy: no key is configured.
  await identify({ Authorization: "Basic eA==" }, { isLoopback: true });
});

Deno.test("on a loopback address without keys, a request that a proxy forwards needs a key", async () => {
  for (
    const name of [
      ...["Forwarded", "forwarded", "X-Forwarded-For", "X-FORWARDED-HOST", "X-Forwarded-X"],
      ...["Via", "X-Real-IP"],
    ]
  ) {
    for (const value of ["", "for=127.0.0.1", "127.0.0.1"]) {
      await assertUnknown({ [name]: value }, { isLoopback: true });
      const { scopes } = await identify({ [name]: value }, {
        isLoopback: true,
        allowAnonymous: true,
      });
      assertEquals([...scopes], ["verify", "authenticate"]);
    }
  }
});

Deno.test("with keys, a caller without a key has no scope, or those of ALLOW_ANONYMOUS", async () => {
  for (const isLoopback of [true, false]) {
    const closed = await identify({}, { keys: [ENTRY], isLoopback });
    assertEquals([...closed.scopes], []);
    const open = await identify({}, { keys: [ENTRY], isLoopback, allowAnonymous: true });
    assertEquals([...open.scopes], ["verify", "authenticate"]);
  }
});
