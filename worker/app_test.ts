import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  AuthenticateAnswerSchema,
  LIVENESS_HEADER,
  ProblemBodySchema,
  UNCLEAR_HEADER,
} from "../shared/contract/contract.ts";
import { MATCH, WORKER_MODELS } from "../shared/contract/fake_answers.ts";
import { WORKER_MODELS_HEADER } from "../shared/contract/models_in_use.ts";
import { Problem, type ProblemCode, PROBLEMS } from "../shared/contract/problem.ts";
import { SEAL_PARTS, type SealPart, WORKER_SEAL_HEADER } from "../shared/contract/worker_seal.ts";
import { createFakeLog } from "../shared/fake_log.ts";
import { fakeTokenKeys } from "../shared/http/fake_token_keys.ts";
import { createTokenVerifier, signWorkerToken } from "../shared/http/worker_token.ts";
import { createWorkerApp } from "./app.ts";
import { AmbiguousFace, type Authenticator, type Identity } from "./authenticator.ts";

const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3, 4);
const NAME = "worker-1";
const KEYS = fakeTokenKeys();
const { duration_ms: _, ...IDENTITY } = MATCH;

interface Settings {
  readonly requestsPerWorker?: number;
  readonly authenticator?: Authenticator;
  readonly seal?: () => readonly SealPart[] | undefined;
}

/** Makes a worker that is ready. By default it matches every picture. */
function setUp(settings: Settings = {}) {
  const clock = { ms: 0 };
  const { log, lines } = createFakeLog();
  const state = {
    authenticator: (settings.authenticator ?? (() => Promise.resolve(IDENTITY))) as
      | Authenticator
      | undefined,
    used: 0,
  };
  const app = createWorkerApp({
    verifyToken: createTokenVerifier({ keys: () => KEYS.verifying, workerName: NAME }),
    requestsPerWorker: settings.requestsPerWorker ?? 1,
    maxImageBytes: 1000,
    bodyTimeoutMs: 3,
    answersWith: "authenticate",
    recognition: () =>
      state.authenticator && { kind: "authenticate", authenticate: state.authenticator },
    models: () => WORKER_MODELS,
    seal: settings.seal ?? (() => []),
    onUsed: () => state.used++,
    log,
    now: () => clock.ms,
    newRequestId: () => "made-up",
  });
  const call = async (path: string, init: RequestInit = {}) =>
    await app.fetch(new Request(`http://worker.test${path}`, init));
  const post = async (init: RequestInit = {}, path = "/authenticate") => {
    const token = signWorkerToken(KEYS.signing, NAME);
    const headers = { "Authorization": `Bearer ${token}`, ...init.headers };
    return await call(path, { method: "POST", body: PNG, ...init, headers });
  };
  const ready = async () => {
    const response = await call("/ready");
    return [response.status, (await response.json()).status];
  };
  return { app, state, clock, lines, call, post, ready };
}

async function assertProblem(response: Response, code: ProblemCode): Promise<void> {
  assertEquals(response.status, PROBLEMS[code].status);
  assertEquals(ProblemBodySchema.parse(await response.json()).code, code);
}

Deno.test("a worker answers with the identity and the duration", async () => {
  const { post, clock } = setUp({
    authenticator: () => {
      clock.ms += 28.94;
      return Promise.resolve(IDENTITY);
    },
  });
  const response = await post();
  assertEquals(response.status, 200);
  assertEquals(AuthenticateAnswerSchema.parse(await response.json()), {
    ...IDENTITY,
    duration_ms: 28.9,
  });
});

Deno.test("the liveness score is in a header, not in the body", async () => {
  for (const [liveness, header] of [[0.1874, "0.187"], [1, "1.000"], [1e-9, "0.000"]] as const) {
    const { post } = setUp({ authenticator: () => Promise.resolve({ ...IDENTITY, liveness }) });
    const response = await post();
    assertEquals(response.headers.get(LIVENESS_HEADER), header);
    assertEquals(AuthenticateAnswerSchema.parse(await response.json()), {
      ...IDENTITY,
      duration_ms: 0,
    });
  }
  const response = await setUp().post();
  assertEquals(response.headers.has(LIVENESS_HEADER), false);
  await response.body?.cancel();
});

Deno.test("an unclear face is told in a header, not in the body", async () => {
  const { post } = setUp({ authenticator: () => Promise.resolve({ ...IDENTITY, unclear: true }) });
  const response = await post();
  assertEquals(response.headers.get(UNCLEAR_HEADER), "true");
  assertEquals("unclear" in await response.json(), false);
  const clear = await setUp().post();
  assertEquals(clear.headers.has(UNCLEAR_HEADER), false);
  await clear.body?.cancel();
});

Deno.test("the refusal of a face that matches several users tells what was seen", async () => {
  const error = new AmbiguousFace({ liveness: 0.25, unclear: true });
  const response = await setUp({ authenticator: () => Promise.reject(error) }).post();
  assertEquals(response.headers.get(LIVENESS_HEADER), "0.250");
  assertEquals(response.headers.get(UNCLEAR_HEADER), "true");
  await assertProblem(response, "ambiguous_match");
});

Deno.test("every answer and refusal tells the models; a call without a token learns nothing", async () => {
  const refusing = () => Promise.reject(new Problem("no_face", "No face"));
  for (const authenticator of [() => Promise.resolve(IDENTITY), refusing]) {
    const { post, call } = setUp({ authenticator });
    const refused = await call("/authenticate", { method: "POST", body: PNG });
    assertEquals(refused.headers.get(WORKER_MODELS_HEADER), null);
    const header = (await post()).headers.get(WORKER_MODELS_HEADER);
    assertEquals(header, JSON.stringify(WORKER_MODELS));
  }
});

Deno.test("/ready and every answer tell the seal, as soon as it is set", async () => {
  const seal: { holds?: readonly SealPart[] } = {};
  const { post, call } = setUp({ requestsPerWorker: 3, seal: () => seal.holds });
  const told = async () => (await (await call("/ready")).json()).seal;
  assertEquals(await told(), undefined);
  seal.holds = ["no_new_privileges"];
  assertEquals(await told(), {
    no_writable_files: false,
    no_new_privileges: true,
    not_dumpable: false,
    system_calls: false,
  });
  assertEquals((await post()).headers.get(WORKER_SEAL_HEADER), "partial");
  seal.holds = SEAL_PARTS;
  assertEquals((await post()).headers.get(WORKER_SEAL_HEADER), "full");
});

Deno.test("the authenticator gets the picture and the user_id, and the picture is freed", async () => {
  const probes: Parameters<Authenticator>[0][] = [];
  let image: Uint8Array | undefined;
  const { post } = setUp({
    authenticator: (probe) => {
      ({ image } = probe);
      probes.push({ ...probe, image: image.slice() });
      return Promise.resolve(IDENTITY);
    },
  });
  await (await post({}, "/authenticate?user_id=user1")).body?.cancel();
  assertEquals(probes, [{ image: PNG, userId: "user1" }]);
  assertEquals(image?.buffer.byteLength, 0);
});

Deno.test("a worker neither reads nor counts a request without a valid token", async () => {
  const { post, call, state } = setUp();
  const other = signWorkerToken(fakeTokenKeys().signing, NAME);
  for (const Authorization of ["", "Bearer ", "Basic dTpw", "Bearer a.b.c", `Bearer ${other}`]) {
    await assertProblem(await post({ headers: { Authorization } }), "unauthorized");
  }
  await assertProblem(await call("/authenticate", { method: "POST", body: PNG }), "unauthorized");
  assertEquals(state.used, 0);
  const response = await post();
  assertEquals(response.status, 200);
  await response.body?.cancel();
});

Deno.test("a worker accepts a token once, and the second call does not count", async () => {
  const { post, state, lines } = setUp({ requestsPerWorker: 2 });
  const Authorization = `Bearer ${signWorkerToken(KEYS.signing, NAME)}`;
  const response = await post({ headers: { Authorization } });
  assertEquals(response.status, 200);
  await response.body?.cancel();
  await assertProblem(await post({ headers: { Authorization } }), "unauthorized");
  assertStringIncludes(String(lines.at(-1)!["cause"]), "used before");
  assertEquals(state.used, 0);
});

Deno.test("a worker answers its requests, refuses later ones, and reports once that it is used", async () => {
  const { post, state, ready } = setUp({ requestsPerWorker: 3 });
  for (const used of [0, 0, 1]) {
    const response = await post();
    assertEquals(response.status, 200);
    await response.body?.cancel();
    assertEquals(state.used, used);
  }
  for (let i = 0; i < 2; i++) await assertProblem(await post(), "worker_used");
  assertEquals(state.used, 1);
  assertEquals(await ready(), [503, "unavailable"]);
});

Deno.test("a worker reports that it is used after it has made its last answer, not before", async () => {
  const { promise, resolve } = Promise.withResolvers<Identity>();
  const begun = Promise.withResolvers<void>();
  const authenticator = () => {
    begun.resolve();
    return promise;
  };
  const { post, state, ready } = setUp({ authenticator });
  const answering = post();
  // Tokens are verified in other threads, so the request that comes first need not be the first one
  // that is taken.
  await begun.promise;
  await assertProblem(await post(), "worker_used");
  assertEquals(state.used, 0);
  assertEquals(await ready(), [503, "unavailable"]);
  resolve(IDENTITY);
  await (await answering).body?.cancel();
  assertEquals(state.used, 1);
});

Deno.test("a failed request counts as one of the worker's requests", async () => {
  const stalled = new ReadableStream<Uint8Array>({ start: (body) => body.enqueue(PNG) });
  for (
    const [init, authenticator, code] of [
      [{ body: "GIF89a......" }, undefined, "unsupported_media_type"],
      [{ body: stalled }, undefined, "request_timeout"],
      [{}, () => Promise.reject(new Problem("no_face", "No face")), "no_face"],
      [{}, () => Promise.reject(new TypeError("unexpected")), "internal"],
    ] as const
  ) {
    const { post, state } = setUp({ ...(authenticator !== undefined && { authenticator }) });
    await assertProblem(await post(init), code);
    assertEquals(state.used, 1);
    await assertProblem(await post(), "worker_used");
  }
});

Deno.test("a worker that is still starting refuses requests and does not count them", async () => {
  const { post, state, ready } = setUp();
  const { authenticator } = state;
  state.authenticator = undefined;
  assertEquals(await ready(), [503, "unavailable"]);
  await assertProblem(await post(), "no_worker_available");
  state.authenticator = authenticator;
  assertEquals(await ready(), [200, "ok"]);
  const response = await post();
  assertEquals(response.status, 200);
  await response.body?.cancel();
});

Deno.test("a draining worker is not ready, but it still answers requests", async () => {
  const { app, post, ready } = setUp();
  app.drain();
  assertEquals(await ready(), [503, "unavailable"]);
  const response = await post();
  assertEquals(response.status, 200);
  await response.body?.cancel();
});

Deno.test("/health answers 200 at all times", async () => {
  const { app, call, state } = setUp();
  state.authenticator = undefined;
  app.drain();
  const response = await call("/health");
  assertEquals([response.status, await response.json()], [200, { status: "ok" }]);
});

Deno.test("a worker uses the request id that the api sends", async () => {
  const { post, lines } = setUp();
  const response = await post({ headers: { "X-Request-Id": "from-the-api" } });
  await response.body?.cancel();
  assertEquals(response.headers.get("X-Request-Id"), "from-the-api");
  assertEquals(lines.at(-1)!["request_id"], "from-the-api");
});

Deno.test("the log of a worker has neither a name nor a score", async () => {
  const { post, lines } = setUp();
  await (await post({}, "/authenticate?user_id=user1")).body?.cancel();
  const text = JSON.stringify(lines);
  assertStringIncludes(text, "/authenticate");
  for (const secret of ["user1", "User One", "0.9998", "Bearer"]) {
    assertEquals(text.includes(secret), false);
  }
});

Deno.test("a worker refuses unknown paths and methods", async () => {
  const { call } = setUp();
  await assertProblem(await call("/metrics"), "not_found");
  for (
    const [path, allow] of [["/authenticate", "POST"], ["/health", "GET, HEAD"], [
      "/ready",
      "GET, HEAD",
    ]]
  ) {
    const response = await call(path!, { method: "PATCH" });
    assertEquals(response.headers.get("Allow"), allow);
    await assertProblem(response, "method_not_allowed");
  }
});
