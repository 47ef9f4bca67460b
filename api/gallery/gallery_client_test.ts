import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { EMBEDDING_TYPE, type GalleryClaims } from "../../shared/contract/gallery_call.ts";
import { Problem, type ProblemCode, PROBLEMS } from "../../shared/contract/problem.ts";
import { checksumOf } from "../../shared/http/checksum.ts";
import { MAX_TEMPLATES_OF_USER } from "../../shared/contract/users.ts";
import { fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import { createGalleryTokenVerifier } from "../../shared/http/gallery_token.ts";
import { describeError } from "../../shared/log.ts";
import { sha256 } from "../../shared/sha256.ts";
import { eventually } from "../../tests/support/eventually.ts";
import { createGalleryClient, type GalleryCaller, type GalleryClient } from "./gallery_client.ts";
import { GalleryUnavailable } from "./gallery_problem.ts";

const KEYS = fakeTokenKeys();
const MODEL = "f".repeat(64), PHOTO = "a".repeat(64);
const FACE = { embedding: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), model: MODEL };
const MATCH = {
  matched: true,
  user_id: "user1",
  user_name: "User One",
  confidence: 0.9998,
  similarity: 0.6,
} as const;
const USER1 = { userId: "user1", clientRef: undefined };
const ANYBODY = { userId: undefined, clientRef: undefined };
const TIME = "2026-01-31T12:00:00.000Z";
const USER = {
  user_id: "user1",
  name: "User One",
  consent_ref: null,
  expires_at: null,
  created_at: TIME,
  updated_at: TIME,
  last_seen_at: null,
  templates: 1,
};
const TEMPLATE = { template_id: "t1", model: MODEL, created_at: TIME };

/** A request that the gallery got. */
interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly claims: GalleryClaims;
}

type Answer = (seen: Seen) => Response | Promise<Response>;

interface SetUp extends AsyncDisposable {
  readonly client: GalleryClient;
  readonly seen: Seen[];
  readonly outcomes: string[];
  readonly caller: GalleryCaller;
}

/** Runs a gallery that verifies each token and then answers like `answer`. */
function setUp(answer: Answer, timeoutMs = 5000): SetUp {
  const seen: Seen[] = [];
  const outcomes: string[] = [];
  const verify = createGalleryTokenVerifier({ keys: () => KEYS.verifying });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { method, url, headers } = request;
    const body = await request.bytes();
    const { claims } = await verify(headers.get("Authorization") ?? "");
    const one = { method, url, headers, body, claims };
    seen.push(one);
    return await answer(one);
  });
  const client = createGalleryClient({
    url: () => new URL(`http://127.0.0.1:${server.addr.port}`),
    keys: () => KEYS.signing,
    metrics: { galleryCalled: (call, outcome) => outcomes.push(`${call} ${outcome}`) },
    now: () => 0,
    timeoutMs,
  });
  const { signal } = new AbortController();
  return {
    client,
    seen,
    outcomes,
    caller: { collection: "default", key: "key-1", requestId: "request-1", signal },
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await server.shutdown();
    },
  };
}

const problem = (code: ProblemCode, status: number = PROBLEMS[code].status) =>
  Response.json({
    type: "about:blank",
    title: PROBLEMS[code].title,
    status,
    detail: "Text of the gallery about User One",
    code,
    request_id: "request-1",
  }, { status });

async function assertUnavailable(call: () => Promise<unknown>, cause = ""): Promise<void> {
  const error = await assertRejects(call, Problem);
  assertEquals([error.code, error.retryAfterSeconds], ["gallery_unavailable", 2]);
  assertStringIncludes(describeError(error.cause), cause);
  assert(!describeError(error.cause).includes("User One"), "no text of the gallery");
}

Deno.test("a decision states the caller, the user, the model and the embedding", async () => {
  await using gallery = setUp(() => Response.json(MATCH));
  const { client, caller, seen } = gallery;
  assertEquals(client.reached, false);
  assertEquals(await client.decide(caller, FACE, USER1), { decision: MATCH, isNextAllowed: true });
  assertEquals(client.reached, true);
  await client.decide({ ...caller, key: undefined, collection: "other" }, FACE, ANYBODY);
  const [first, second] = seen;
  assertEquals([first!.method, new URL(first!.url).pathname], ["POST", "/decisions"]);
  assertEquals(first!.headers.get("Content-Type"), EMBEDDING_TYPE);
  assertEquals(first!.headers.get("X-Request-Id"), "request-1");
  assertEquals(first!.body, FACE.embedding);
  const body_sha256 = await sha256(FACE.embedding);
  assertEquals(first!.claims, {
    purpose: "decide",
    collection: "default",
    key: "key-1",
    user_id: "user1",
    model: MODEL,
    body_sha256,
  });
  assertEquals(second!.claims, {
    purpose: "decide",
    collection: "other",
    model: MODEL,
    body_sha256,
  });
  assertEquals(gallery.outcomes, ["decide ok", "decide ok"]);
});

Deno.test("a decision with Retry-After says that the next one would be refused", async () => {
  const headers = { "Retry-After": "30" };
  await using gallery = setUp(() => Response.json({ matched: false }, { headers }));
  assertEquals(await gallery.client.decide(gallery.caller, FACE, ANYBODY), {
    decision: { matched: false },
    isNextAllowed: false,
  });
});

Deno.test("a decision states what is known about the face, and the policy of the key", async () => {
  await using gallery = setUp(() => Response.json(MATCH));
  const { client, caller, seen } = gallery;
  const enforce = { liveness: "enforce", quality: "enforce" } as const;
  for (
    const face of [
      { liveness: 0.187, unclear: true, keyPolicy: enforce },
      { liveness: 0, unclear: false, keyPolicy: { liveness: undefined } },
      {},
    ]
  ) await client.decide(caller, { ...FACE, ...face }, ANYBODY);
  const facts = seen.map(({ claims }) => [
    claims.liveness,
    claims.unclear,
    claims.enforce_liveness,
    claims.enforce_quality,
  ]);
  const none = undefined;
  assertEquals(facts, [[0.187, true, true, true], [0, none, none, none], [none, none, none, none]]);
});

Deno.test("each call has its own method, path, statement and answer", async () => {
  const withTemplates = { ...USER, locked: false, templates: [TEMPLATE] };
  const models = { match: null, calibration: null, templates: [], requires_consent: true };
  const page = { users: [USER], next_cursor: "c" };
  const template = { ...FACE, photoSha256: PHOTO, force: false };
  type Case = readonly [
    call: (client: GalleryClient, caller: GalleryCaller) => Promise<unknown>,
    request: string,
    claims: Partial<GalleryClaims>,
    answer: readonly [status: number, body?: unknown],
    result: unknown,
  ];
  const cases: readonly Case[] = [
    [
      (client, caller) => client.putUser(caller, "user1", { name: "User One" }),
      "PUT /users/user1",
      {
        purpose: "put_user",
        user_id: "user1",
        body_sha256: await sha256(new TextEncoder().encode('{"name":"User One"}')),
      },
      [201, USER],
      { created: true, value: USER },
    ],
    [
      (client, caller) => client.putUser(caller, "user1", { name: "N" }, { onlyNew: true }),
      "PUT /users/user1",
      {
        purpose: "put_user",
        user_id: "user1",
        only_new: true,
        body_sha256: await sha256(new TextEncoder().encode('{"name":"N"}')),
      },
      [201, USER],
      { created: true, value: USER },
    ],
    [
      (client, caller) =>
        client.putUser(caller, "user1", { name: "N", expires_at: USER.expires_at ?? "" }, {
          mayShorten: true,
        }),
      "PUT /users/user1",
      {
        purpose: "put_user",
        user_id: "user1",
        may_shorten: true,
        body_sha256: await sha256(
          new TextEncoder().encode(`{"name":"N","expires_at":"${USER.expires_at ?? ""}"}`),
        ),
      },
      [200, USER],
      { created: false, value: USER },
    ],
    [
      (client, caller) => client.getUser(caller, "a/b"),
      "GET /users/a%2Fb",
      { purpose: "get_user", user_id: "a/b" },
      [200, withTemplates],
      withTemplates,
    ],
    [
      (client, caller) => client.listUsers(caller, { limit: 2, cursor: "a b" }),
      "GET /users?limit=2&cursor=a+b",
      { purpose: "list_users", query_sha256: checksumOf("limit=2&cursor=a+b") },
      [200, page],
      page,
    ],
    [
      (client, caller) => client.deleteUser(caller, "100%"),
      "DELETE /users/100%25",
      { purpose: "delete_user", user_id: "100%" },
      [204],
      undefined,
    ],
    [
      (client, caller) => client.addTemplate(caller, "用", template),
      "POST /users/%E7%94%A8/templates",
      {
        purpose: "add_template",
        user_id: "用",
        model: MODEL,
        photo_sha256: PHOTO,
        body_sha256: await sha256(FACE.embedding),
      },
      [200, TEMPLATE],
      { created: false, value: TEMPLATE },
    ],
    [
      (client, caller) => client.addTemplate(caller, "user1", { ...template, force: true }),
      "POST /users/user1/templates",
      {
        purpose: "add_template",
        user_id: "user1",
        model: MODEL,
        photo_sha256: PHOTO,
        force: true,
        body_sha256: await sha256(FACE.embedding),
      },
      [201, TEMPLATE],
      { created: true, value: TEMPLATE },
    ],
    [
      (client, caller) => client.checkDecision(caller, { userId: "user1", clientRef: "phone" }),
      "GET /tries",
      { purpose: "check_decision", user_id: "user1", client_ref: "phone" },
      [204],
      undefined,
    ],
    [
      (client, caller) => client.checkEnrolment(caller, "a/b"),
      "GET /users/a%2Fb/tries",
      { purpose: "check_enrolment", user_id: "a/b" },
      [204],
      undefined,
    ],
    [
      (client, caller) => client.unlockUser(caller, "a/b"),
      "POST /users/a%2Fb/unlock",
      { purpose: "unlock_user", user_id: "a/b" },
      [204],
      undefined,
    ],
    [
      (client, caller) => client.deleteTemplate(caller, "user1", "t1"),
      "DELETE /users/user1/templates/t1",
      { purpose: "delete_template", user_id: "user1", template_id: "t1" },
      [204],
      undefined,
    ],
    [
      (client, caller) => client.exportUser(caller, "user1"),
      "GET /users/user1/export",
      { purpose: "export_user", user_id: "user1" },
      [200, { ...withTemplates, collection: "default" }],
      { ...withTemplates, collection: "default" },
    ],
    [
      (client, caller) => client.describe(caller, MODEL),
      "GET /models",
      { purpose: "describe", model: MODEL },
      [200, models],
      models,
    ],
  ];
  for (const [call, request, claims, [status, body], result] of cases) {
    await using gallery = setUp(() =>
      new Response(body === undefined ? null : JSON.stringify(body), { status })
    );
    assertEquals(await call(gallery.client, gallery.caller), result as never, request);
    const [{ method, url, claims: stated }] = gallery.seen as [Seen];
    assertEquals(`${method} ${url.slice(new URL(url).origin.length)}`, request);
    assertEquals(stated, { collection: "default", key: "key-1", ...claims } as GalleryClaims);
  }
});

Deno.test('the user_ids "." and ".." stay parts of the path', async () => {
  await using gallery = setUp(() => new Response(null, { status: 204 }));
  for (const userId of [".", ".."]) await gallery.client.deleteUser(gallery.caller, userId);
  // Deno gives an address as it was sent: only its own URL class would resolve the parts.
  assertEquals(gallery.seen.map(({ url }) => url.split("/").slice(3).join("/")), [
    "users/%2E",
    "users/%2E%2E",
  ]);
});

Deno.test("a refusal has a sentence of the api, and no text of the gallery", async () => {
  await using gallery = setUp(() => problem("ambiguous_match"));
  const { client, caller, outcomes } = gallery;
  const error = await assertRejects(() => client.decide(caller, FACE, ANYBODY), Problem);
  assertEquals(error.code, "ambiguous_match");
  assert(!error.message.includes("User One"));
  assertEquals(error.cause, undefined);
  assertEquals(outcomes, ["decide ambiguous_match"]);
});

Deno.test("a code that a call is never refused with is a failure", async () => {
  const codes = ["user_not_found", "unauthorized", "internal", "gallery_unavailable", "no_face"];
  for (const code of codes as ProblemCode[]) {
    await using gallery = setUp(() => problem(code));
    const { client, caller } = gallery;
    await assertUnavailable(() => client.decide(caller, FACE, ANYBODY), code);
  }
});

Deno.test("an answer that is not as documented is a failure", async () => {
  for (
    const answer of [
      () => Response.json({ matched: false, user_id: "user1" }),
      () => Response.json({ ...MATCH, confidence: 2 }),
      () => Response.json({ ...MATCH, user_id: "User One" }),
      () => Response.json({ ...MATCH, user_name: "User One\n" }),
      () => new Response(JSON.stringify(MATCH) + " ".repeat(70_000)),
      () => Response.json(MATCH, { status: 201 }),
      () => new Response("User One"),
      () => new Response("User One", { status: 500 }),
      () => new Response(null, { status: 302, headers: { Location: "http://127.0.0.1:1/" } }),
      () => problem("ambiguous_match", 200),
      () => problem("ambiguous_match", 409),
    ]
  ) {
    await using gallery = setUp(answer);
    const { client, caller, seen, outcomes } = gallery;
    await assertUnavailable(() => client.decide(caller, FACE, USER1));
    assertEquals([seen.length, outcomes], [1, ["decide gallery_unavailable"]]);
    assertEquals(client.reached, false);
  }
});

Deno.test("a page with more users than were asked for is a failure", async () => {
  await using gallery = setUp(() => Response.json({ users: [USER, USER], next_cursor: null }));
  const { client, caller } = gallery;
  await assertUnavailable(() => client.listUsers(caller, { limit: 1, cursor: undefined }));
});

/**
 * Counts connections. Answers the first calls of each of them, and closes it after the first bytes of
 * the next call, or before that call.
 */
function brokenGallery({ answers = 0, closesIdle = false } = {}) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const NO_CONTENT = new TextEncoder().encode("HTTP/1.1 204 No Content\r\n\r\n");
  let connections = 0, ended = 0;
  const serving = (async () => {
    for await (const connection of listener) {
      connections++;
      for (let i = 0; i < answers; i++) {
        await connection.read(new Uint8Array(4096));
        await connection.write(NO_CONTENT);
      }
      if (closesIdle) await connection.closeWrite();
      await connection.read(new Uint8Array(64));
      connection.close();
      ended++;
    }
  })();
  const client = createGalleryClient({
    url: () => new URL(`http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`),
    keys: () => KEYS.signing,
    metrics: { galleryCalled() {} },
    now: () => 0,
  });
  return {
    client,
    connections: () => connections,
    /** Number of closed connections. */
    ended: () => ended,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      listener.close();
      await serving.catch(() => {});
    },
  };
}

const CALLER: GalleryCaller = {
  collection: "default",
  key: undefined,
  requestId: "request-1",
  signal: new AbortController().signal,
};

Deno.test("a user with as many templates as possible can be read and exported", async () => {
  const text = '"'.repeat(256);
  const user = {
    ...USER,
    locked: false,
    user_id: text,
    name: text,
    consent_ref: text,
    templates: Array(MAX_TEMPLATES_OF_USER).fill({ ...TEMPLATE, template_id: "t".repeat(64) }),
  };
  await using gallery = setUp(({ claims: { purpose } }) =>
    Response.json(purpose === "get_user" ? user : { ...user, collection: "c".repeat(63) })
  );
  const { client, caller } = gallery;
  assertEquals((await client.getUser(caller, text)).templates.length, MAX_TEMPLATES_OF_USER);
  assertEquals((await client.exportUser(caller, text)).templates.length, MAX_TEMPLATES_OF_USER);
});

Deno.test("a call whose connection breaks is not sent again", async () => {
  await using gallery = brokenGallery();
  const { client, connections } = gallery;
  await assertUnavailable(() => client.decide(CALLER, FACE, ANYBODY));
  assertEquals(connections(), 1);
  await assertUnavailable(() => client.deleteUser(CALLER, "user1"));
  assertEquals(connections(), 2);
  await assertUnavailable(() => client.getUser(CALLER, "user1"));
  assertEquals(connections(), 3);
});

Deno.test("a call is not sent again when the gallery closes a kept connection during it", async () => {
  await using gallery = brokenGallery({ answers: 1 });
  const { client, connections } = gallery;
  const calls = [
    () => client.decide(CALLER, FACE, ANYBODY),
    () => client.getUser(CALLER, "user1"),
  ];
  for (const [i, call] of calls.entries()) {
    await client.deleteUser(CALLER, "user1");
    await assertUnavailable(call, "closed the connection");
    assertEquals(connections(), i + 1);
  }
});

Deno.test("a change arrives although the gallery has closed the kept connections", async () => {
  await using gallery = brokenGallery({ answers: 1, closesIdle: true });
  const { client, connections, ended } = gallery;
  for (let i = 1; i <= 3; i++) {
    await client.unlockUser(CALLER, "user1");
    assertEquals(connections(), i);
    await eventually(() => ended() === i, "the client closes its end, too");
  }
});

Deno.test("a call that surely did not arrive is sent again when it only reads", async () => {
  // A port that nobody listens at any more.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = new URL(`http://127.0.0.1:${listener.addr.port}`);
  listener.close();
  let asked = 0;
  await using client = createGalleryClient({
    url: () => {
      asked++;
      return url;
    },
    keys: () => KEYS.signing,
    metrics: { galleryCalled() {} },
    now: () => 0,
  });
  await assertUnavailable(() => client.decide(CALLER, FACE, ANYBODY));
  assertEquals(asked, 1);
  await assertUnavailable(() => client.putUser(CALLER, "user1", { name: "User One" }));
  assertEquals(asked, 2);
  await assertUnavailable(() => client.getUser(CALLER, "user1"));
  assertEquals(asked, 4);
  assertEquals(await client.check(CALLER.signal), false);
});

Deno.test("without an address, the gallery is unavailable", async () => {
  await using client = createGalleryClient({
    url: () => undefined,
    keys: () => KEYS.signing,
    metrics: { galleryCalled() {} },
    now: () => 0,
  });
  await assertUnavailable(() => client.describe(CALLER, undefined), "not running");
  assertThrows(() => client.assertAddress(), GalleryUnavailable);
  assertEquals(await client.check(CALLER.signal), false);
});

Deno.test("a gallery that does not answer in time is unavailable", async () => {
  const late = Promise.withResolvers<Response>();
  await using gallery = setUp(() => late.promise, 1);
  const { client, caller } = gallery;
  await assertUnavailable(() => client.decide(caller, FACE, ANYBODY), "within 1 ms");
  late.resolve(Response.json(MATCH));
});

Deno.test("a call ends with the caller's own reason", async () => {
  const late = Promise.withResolvers<Response>();
  const asked = Promise.withResolvers<void>();
  await using gallery = setUp(() => {
    asked.resolve();
    return late.promise;
  });
  const { client, caller, outcomes } = gallery;
  const controller = new AbortController();
  const pending = client.decide({ ...caller, signal: controller.signal }, FACE, ANYBODY);
  await asked.promise;
  controller.abort(new RangeError("The client has disconnected"));
  await assertRejects(() => pending, RangeError);
  assertEquals(outcomes, ["decide aborted"]);
  late.resolve(Response.json(MATCH));
});
