import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { LIVENESS_HEADER, UNCLEAR_HEADER } from "../../shared/contract/contract.ts";
import { MATCH, NON_MATCH, WORKER_MODELS } from "../../shared/contract/fake_answers.ts";
import { EMBEDDING_TYPE, MAX_EMBEDDING_BYTES } from "../../shared/contract/gallery_call.ts";
import { FACE_HEADER, type ObservedFace } from "../../shared/contract/observed_face.ts";
import { WORKER_MODELS_HEADER } from "../../shared/contract/models_in_use.ts";
import { WORKER_SEAL_HEADER } from "../../shared/contract/worker_seal.ts";
import { PICTURE_CODES, pictureProblem } from "../../shared/contract/picture_problem.ts";
import { PROBLEM_CODES, type ProblemCode, PROBLEMS } from "../../shared/contract/problem.ts";
import { describeError } from "../../shared/log.ts";
import type { Probe } from "../../shared/http/parse_probe.ts";
import { fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import { createTokenVerifier } from "../../shared/http/worker_token.ts";
import { createWorkerClient, type WorkerResult } from "./worker_client.ts";

const KEYS = fakeTokenKeys();
const PROBE: Probe = { image: Uint8Array.of(0xff, 0xd8, 0xff, 1, 2, 3), userId: undefined };

interface Call {
  readonly probe?: Probe;
  readonly signal?: AbortSignal;
  /** Milliseconds since 1970 of the api's clock. */
  readonly clock?: () => number;
}

async function ask(
  port: number,
  { probe = PROBE, signal, clock }: Call = {},
): Promise<WorkerResult> {
  await using client = createWorkerClient(() => KEYS.signing, clock);
  return await client.authenticate(
    { name: "worker-1", url: new URL(`http://127.0.0.1:${port}`) },
    probe,
    "request-1",
    signal ?? new AbortController().signal,
  );
}

/** Asks a worker that behaves like `worker`. */
async function askOne(
  worker: (request: Request) => Response | Promise<Response>,
  call?: Call,
): Promise<WorkerResult> {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, worker);
  return await ask(server.addr.port, call);
}

/** Asks a worker that sends these bytes to every request and closes the connection. */
async function askRaw(bytes: string): Promise<WorkerResult> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(4096));
    await connection.write(new TextEncoder().encode(bytes));
  })();
  const result = await ask(listener.addr.port);
  await serving;
  return result;
}

const problem = (code: ProblemCode, status: number = PROBLEMS[code].status) =>
  Response.json({
    type: "about:blank",
    title: PROBLEMS[code].title,
    status,
    detail: "The face is turned away",
    code,
    request_id: "request-1",
  }, { status, headers: { "Content-Type": "application/problem+json" } });

function assertFailed(result: WorkerResult, cause = ""): void {
  assertEquals(result.kind, "failed");
  assert(result.kind === "failed");
  assertStringIncludes(String(result.cause), cause);
}

Deno.test("a worker gets the picture, a token for its name and the request id", async () => {
  const seen: { method: string; url: URL; headers: Headers; body: Uint8Array }[] = [];
  await askOne(async (request) => {
    const { method, headers } = request;
    seen.push({ method, url: new URL(request.url), headers, body: await request.bytes() });
    return Response.json(MATCH);
  });
  const [request] = seen;
  assertEquals(seen.length, 1);
  assertEquals(request!.method, "POST");
  assertEquals(request!.url.pathname + request!.url.search, "/authenticate");
  assertEquals(request!.body, PROBE.image);
  assertEquals(request!.headers.get("X-Request-Id"), "request-1");
  const verify = createTokenVerifier({ keys: () => KEYS.verifying, workerName: "worker-1" });
  await verify(request!.headers.get("Authorization") ?? undefined);
});

Deno.test("a worker gets the user_id with any characters", async () => {
  for (const userId of ["user1", "Zoë & co=1/ü?#%20", "用户"]) {
    const seen: string[][] = [];
    await askOne((request) => {
      seen.push(new URL(request.url).searchParams.getAll("user_id"));
      return Response.json(NON_MATCH);
    }, { probe: { ...PROBE, userId } });
    assertEquals(seen, [[userId]]);
  }
});

Deno.test("a documented answer of a worker is returned", async () => {
  for (const answer of [MATCH, NON_MATCH]) {
    assertEquals(await askOne(() => Response.json(answer)), { kind: "answer", answer });
  }
});

Deno.test("a liveness score in the worker's header is read; a header of another form is ignored", async () => {
  const askWith = (score: string) =>
    askOne(() => Response.json(NON_MATCH, { headers: { [LIVENESS_HEADER]: score } }));
  for (const score of ["0.000", "0.187", "1.000"]) {
    const liveness = Number(score);
    assertEquals(await askWith(score), { kind: "answer", answer: NON_MATCH, liveness });
  }
  for (const score of ["", "1.001", "-0.100", "NaN", "0.1", "1e9", "0.187, 0.187"]) {
    assertEquals(await askWith(score), { kind: "answer", answer: NON_MATCH });
  }
  const refused = await askOne(() => {
    const response = problem("no_face");
    response.headers.set(LIVENESS_HEADER, "0.500");
    return response;
  });
  assertEquals(refused.kind, "refusal");
  assertEquals("liveness" in refused, false);
});

Deno.test("the facts about a face that matches several users are read", async () => {
  const result = await askOne(() => {
    const response = problem("ambiguous_match");
    response.headers.set(LIVENESS_HEADER, "0.500");
    response.headers.set(UNCLEAR_HEADER, "true");
    return response;
  });
  assert(result.kind === "refusal");
  assertEquals([result.liveness, result.unclear], [0.5, true]);
});

Deno.test("an unclear face is read from the worker's header; another text is ignored", async () => {
  const askWith = (text: string) =>
    askOne(() => Response.json(NON_MATCH, { headers: { [UNCLEAR_HEADER]: text } }));
  assertEquals(await askWith("true"), { kind: "answer", answer: NON_MATCH, unclear: true });
  for (const text of ["", "false", "TRUE", "1"]) {
    assertEquals(await askWith(text), { kind: "answer", answer: NON_MATCH });
  }
});

Deno.test("a liveness score in the body of a worker's answer is refused", async () => {
  const result = await askOne(() => Response.json({ ...NON_MATCH, liveness: 0.5 }));
  assertEquals(result.kind, "failed");
});

Deno.test("the seal that a worker tells is returned with its answer, and no other text is", async () => {
  for (const [told, seal] of [["full", "full"], ["none", "none"], ["<b>", undefined]] as const) {
    const headers = { [WORKER_SEAL_HEADER]: told };
    const answer = await askOne(() => Response.json(MATCH, { headers }));
    assertEquals(answer, { kind: "answer", answer: MATCH, ...seal && { seal } });
  }
});

Deno.test("the models that a worker tells are returned with its answer or refusal", async () => {
  const headers = { [WORKER_MODELS_HEADER]: JSON.stringify(WORKER_MODELS) };
  const answer = await askOne(() => Response.json(MATCH, { headers }));
  assertEquals(answer, { kind: "answer", answer: MATCH, models: WORKER_MODELS });
  const refusal = await askOne(() => {
    const response = problem("no_face");
    response.headers.set(WORKER_MODELS_HEADER, JSON.stringify(WORKER_MODELS));
    return response;
  });
  assertEquals(refusal.kind === "refusal" && refusal.models, WORKER_MODELS);
  for (const wrong of ["", "{", JSON.stringify({ ...WORKER_MODELS, recognition: "<b>" })]) {
    const result = await askOne(() =>
      Response.json(MATCH, { headers: { [WORKER_MODELS_HEADER]: wrong } })
    );
    assertEquals(result, { kind: "answer", answer: MATCH });
  }
});

Deno.test("every call has a token of its own", async () => {
  const tokens = new Set<string | null>();
  for (let i = 0; i < 3; i++) {
    await askOne((request) => {
      tokens.add(request.headers.get("Authorization"));
      return Response.json(MATCH);
    });
  }
  assertEquals(tokens.size, 3);
});

Deno.test("a worker with the public key accepts the token while its clock is 60 s off", async () => {
  for (const seconds of [-60, 0, 60]) {
    const verify = createTokenVerifier({
      keys: () => KEYS.verifying,
      workerName: "worker-1",
      clock: () => Date.now() + seconds * 1000,
    });
    const result = await askOne(async (request) => {
      await verify(request.headers.get("Authorization") ?? undefined);
      return Response.json(MATCH);
    });
    assertEquals(result.kind, "answer");
  }
});

Deno.test("a worker that refused the token did not read the picture, and the cause says why", async () => {
  for (
    const [seconds, cause] of [
      [0, "does not have the public key"],
      [60, "does not have the public key"],
      [120, "its clock is 120 s behind"],
      [-3600, "its clock is 3600 s ahead"],
    ] as const
  ) {
    const nowMs = Date.UTC(2026, 0, 31, 12);
    const date = new Date(nowMs - seconds * 1000).toUTCString();
    const result = await askOne(() => {
      const response = problem("unauthorized");
      response.headers.set("Date", date);
      return response;
    }, { clock: () => nowMs });
    assert(result.kind === "unauthorized");
    assertStringIncludes(result.cause.message, cause);
  }
});

Deno.test("an error code about the picture is a refusal", async () => {
  for (const code of PICTURE_CODES) {
    const result = await askOne(() => problem(code));
    assert(result.kind === "refusal");
    assertEquals(result.problem.code, code);
    assertEquals(result.problem.message, pictureProblem(code).message);
  }
});

Deno.test("a worker that did not read the picture is unreached or used", async () => {
  assertEquals((await askOne(() => problem("no_worker_available"))).kind, "unreached");
  assertEquals((await askOne(() => problem("worker_used"))).kind, "used");
});

Deno.test("every other error code of a worker is a failure", async () => {
  const known = new Set<ProblemCode>([
    ...PICTURE_CODES,
    "worker_used",
    "no_worker_available",
    "unauthorized",
  ]);
  for (const code of PROBLEM_CODES.filter((code) => !known.has(code))) {
    assertFailed(await askOne(() => problem(code)), code);
  }
});

Deno.test("a worker whose response is not as documented has failed", async () => {
  const { user_name: _, ...incomplete } = MATCH;
  for (
    const answer of [
      new Response("not JSON"),
      new Response(""),
      Response.json(null),
      Response.json({}),
      Response.json(incomplete),
      Response.json({ ...MATCH, confidence: 2 }),
      Response.json({ ...MATCH, embedding: [1, 2, 3] }),
      Response.json({ ...MATCH, matched: false }),
      Response.json({ error: "Bad Gateway" }, { status: 502 }),
      new Response("<html>Bad Gateway</html>", { status: 502 }),
      Response.json({ code: "unknown_code" }, { status: 400 }),
      Response.json(MATCH, { status: 201 }),
      problem("no_face", 400),
      Response.json({ ...await problem("no_face").json(), note: "x" }, { status: 422 }),
      Response.json({ ...await problem("no_face").json(), status: 400 }, { status: 422 }),
      new Response(null, { status: 204 }),
      new Response(null, { status: 307, headers: { Location: "/elsewhere" } }),
    ]
  ) {
    assertFailed(await askOne(() => answer));
  }
});

Deno.test("an answer about another user than the request has failed", async () => {
  const probe = { ...PROBE, userId: "user2" };
  assertFailed(await askOne(() => Response.json(MATCH), { probe }), "another user");
  const name = (form: "NFC" | "NFD") => "Zoë".normalize(form);
  const same = await askOne(() => Response.json({ ...MATCH, user_id: name("NFD") }), {
    probe: { ...PROBE, userId: name("NFC") },
  });
  assertEquals(same.kind, "answer");
  const other = await askOne(() => Response.json(NON_MATCH), { probe });
  assertEquals(other.kind, "answer");
});

Deno.test("headers that are too large are a failure", async () => {
  const large = `HTTP/1.1 200 OK\r\nX-Long: ${"x".repeat(8192)}\r\n\r\n`;
  assertFailed(await askRaw(large + JSON.stringify(MATCH)));
});

Deno.test("a response that is too large is a failure, even when it is as documented", async () => {
  const padded = JSON.stringify(MATCH) + " ".repeat(4096);
  assertFailed(await askOne(() => new Response(padded)), "too large");
});

Deno.test("a worker that dies before or during its response has failed", async () => {
  for (
    const bytes of [
      "",
      "HTTP/1.1 200",
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
      'HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{"matched":',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"mat',
    ]
  ) {
    assertFailed(await askRaw(bytes));
  }
});

Deno.test("a server that does not speak HTTP has failed", async () => {
  assertFailed(await askRaw("220 mail.test ESMTP\r\n"));
});

Deno.test("a worker that does not listen is unreached", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const result = await ask(port);
  assert(result.kind === "unreached");
  assertStringIncludes(describeError(result.cause), "ConnectionRefused");
});

Deno.test("an aborted call throws the reason of its signal", async () => {
  const reason = new RangeError("Over");
  const gone = new AbortController();
  const { promise: answered, resolve } = Promise.withResolvers<Response>();
  const thrown = await assertRejects(() =>
    askOne(() => {
      gone.abort(reason);
      // The server can stop only after this handler has answered. Nothing reads the response.
      setTimeout(() => resolve(Response.json(MATCH)), 5);
      return answered;
    }, { signal: gone.signal }), Error);
  assert(thrown === reason);
});

Deno.test("a call can be aborted while the response arrives", async () => {
  const reason = new RangeError("Over");
  const gone = new AbortController();
  const headers = { "Content-Length": "200" };
  const stalled = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"matched":'));
      setTimeout(() => gone.abort(reason), 5);
    },
  });
  const thrown = await assertRejects(
    () => askOne(() => new Response(stalled, { headers }), { signal: gone.signal }),
    Error,
  );
  assert(thrown === reason);
});

Deno.test("a call that is aborted before it begins is not sent", async () => {
  const reason = new RangeError("Over");
  let calls = 0;
  const thrown = await assertRejects(() =>
    askOne(() => {
      calls++;
      return Response.json(MATCH);
    }, { signal: AbortSignal.abort(reason) }), Error);
  assert(thrown === reason);
  assertEquals(calls, 0);
});

const EMBEDDING = Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 0);
const FACE = {
  box: [412, 96, 180, 224],
  quality: { embedding_length: 9, shape_distance: 0.1, roll_degrees: 1, look_distance: 0.05 },
};
const NO_RULE = { ...WORKER_MODELS, match: null, calibration: null };

/** An answer with an embedding. `headers` overrides its headers; undefined removes one. */
function embedded(
  body: Uint8Array<ArrayBuffer> = EMBEDDING,
  headers: Record<string, string | undefined> = {},
): Response {
  const all = {
    "Content-Type": EMBEDDING_TYPE,
    [FACE_HEADER]: JSON.stringify(FACE),
    [WORKER_MODELS_HEADER]: JSON.stringify(NO_RULE),
    ...headers,
  };
  const present = Object.entries(all).filter((entry): entry is [string, string] =>
    entry[1] !== undefined
  );
  return new Response(body, { headers: present });
}

/** Asks a worker that holds no gallery and answers like `answer`. */
async function embedWith(answer: (request: Request) => Response, forTemplate = false) {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      await request.bytes();
      return answer(request);
    },
  );
  await using client = createWorkerClient(() => KEYS.signing);
  return await client.embed(
    { name: "worker-1", url: new URL(`http://127.0.0.1:${server.addr.port}`) },
    { image: PROBE.image, forTemplate },
    "request-1",
    new AbortController().signal,
  );
}

Deno.test("an embedding is passed on as its bytes, with the face and the model", async () => {
  const paths: string[] = [];
  for (const forTemplate of [false, true]) {
    const result = await embedWith((request) => {
      paths.push(request.url.slice(new URL(request.url).origin.length));
      return embedded();
    }, forTemplate);
    assertEquals(result, {
      kind: "answer",
      answer: {
        embedding: EMBEDDING,
        face: FACE as ObservedFace,
        model: WORKER_MODELS.recognition,
      },
      models: NO_RULE,
    });
  }
  assertEquals(paths, ["/embed", "/embed?template=true"]);
});

Deno.test("the liveness score of an embedded face is counted", async () => {
  const header = JSON.stringify({ ...FACE, liveness: 0.187 });
  const result = await embedWith(() => embedded(EMBEDDING, { [FACE_HEADER]: header }));
  assert(result.kind === "answer");
  assertEquals(result.liveness, 0.187);
});

Deno.test("an embedding that is not as documented is a failure", async () => {
  const long = new Uint8Array(MAX_EMBEDDING_BYTES + 4);
  for (
    const answer of [
      () => embedded(new Uint8Array()),
      () => embedded(new Uint8Array(7)),
      () => embedded(EMBEDDING, { "Content-Type": "application/octet-stream" }),
      () => embedded(EMBEDDING, { [FACE_HEADER]: undefined }),
      () => embedded(EMBEDDING, { [FACE_HEADER]: JSON.stringify({ ...FACE, box: [0] }) }),
      () => embedded(EMBEDDING, { [WORKER_MODELS_HEADER]: undefined }),
      () => embedded(EMBEDDING, { [WORKER_MODELS_HEADER]: "{}" }),
      () => Response.json(MATCH),
    ]
  ) assertFailed(await embedWith(answer) as WorkerResult, "The worker");
  assertFailed(await embedWith(() => embedded(long)) as WorkerResult, "too large");
  const longest = await embedWith(() => embedded(long.slice(4)));
  assertEquals(longest.kind, "answer");
});

Deno.test("a refusal of a picture is the same in both modes", async () => {
  for (const code of PICTURE_CODES) {
    const result = await embedWith(() => problem(code));
    assertEquals(result, { kind: "refusal", problem: pictureProblem(code) });
  }
  assertEquals((await embedWith(() => problem("worker_used"))).kind, "used");
  assertEquals((await embedWith(() => problem("unauthorized"))).kind, "unauthorized");
  assertEquals((await embedWith(() => problem("user_not_found"))).kind, "failed");
});
