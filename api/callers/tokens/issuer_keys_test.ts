import { assertEquals, assertRejects } from "@std/assert";
import { errors, exportJWK, generateKeyPair } from "jose";
import { createIssuerKeys, IssuerUnavailable } from "./issuer_keys.ts";

const { publicKey } = await generateKeyPair("ES256");
const JWKS = JSON.stringify({ keys: [{ ...await exportJWK(publicKey), kid: "a" }] });

/** Asks for keys. `respond` is the issuer. */
function setUp(respond: () => Response | Promise<Response>) {
  const clock = { ms: 0 };
  let requests = 0;
  const find = createIssuerKeys({
    url: new URL("https://login.example.org/jwks"),
    fetch: async () => {
      requests++;
      return await respond();
    },
    now: () => clock.ms,
  });
  const ask = async (kid: string) =>
    await find({ alg: "ES256", kid }, { payload: "", signature: "", protected: "" });
  return { ask, clock, requests: () => requests };
}

Deno.test("the keys are read once, and unknown keys do not make the service read them again", async () => {
  const { ask, requests } = setUp(() => new Response(JWKS));
  await ask("a");
  for (let i = 0; i < 20; i++) {
    await assertRejects(() => ask(`unknown-${i}`), errors.JWKSNoMatchingKey);
  }
  await ask("a");
  assertEquals(requests(), 1);
});

Deno.test("an issuer that fails is not asked again for five seconds", async () => {
  let works = false;
  const { ask, clock, requests } = setUp(() => {
    if (!works) throw new TypeError("connection refused");
    return new Response(JWKS);
  });
  for (let i = 0; i < 10; i++) await assertRejects(() => ask("a"), IssuerUnavailable);
  assertEquals(requests(), 1);
  works = true;
  clock.ms = 4999;
  await assertRejects(() => ask("a"), IssuerUnavailable);
  clock.ms = 5000;
  await ask("a");
  assertEquals(requests(), 2);
});

Deno.test("an answer that is not a list of keys is not used", async () => {
  const endless = () =>
    new Response(
      new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(10_000)) }),
    );
  for (
    const respond of [
      () => new Response("<html>"),
      () => new Response("{}"),
      () => new Response("null"),
      () => new Response(JWKS, { status: 500 }),
      () => new Response(null, { status: 302, headers: { Location: "http://169.254.169.254/" } }),
      () => new Response(JWKS.padEnd(65_537)),
      endless,
    ]
  ) {
    await assertRejects(() => setUp(respond).ask("a"), IssuerUnavailable);
  }
});

Deno.test("the body of an error is not left open", async () => {
  let open = true;
  const body = new ReadableStream({ cancel: () => void (open = false) });
  await assertRejects(
    () => setUp(() => new Response(body, { status: 503 })).ask("a"),
    IssuerUnavailable,
  );
  assertEquals(open, false);
});
