import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { REQUEST_ID_HEADER } from "../../shared/contract/contract.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { type FakeTokenKeys, fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import { signWorkerToken } from "../../shared/http/worker_token.ts";
import { eventually } from "../support/eventually.ts";
import { gray, type Picture, sample, slowPicture } from "../support/pictures.ts";
import type { Answer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { Service } from "../support/service.ts";

const REQUESTS = 30;

for (const limit of [1, 3]) {
  Deno.test(`no worker serves more than ${limit} of ${REQUESTS} simultaneous requests`, async () => {
    await using service = await Service.ready({
      // On a slow machine the last request waits for many workers to start.
      REQUEST_TIMEOUT_MS: "120000",
      REQUESTS_PER_WORKER: String(limit),
      LOG_LEVEL: "debug",
    });
    const [face, nobody] = [await sample("user1_similar.png"), await gray(300, 300)];
    const ids = Array.from({ length: REQUESTS }, (_, i) => `request-${i}`);
    const answers = await Promise.all(ids.map((id, i) =>
      // A request counts also when its picture is refused.
      service.post(i % 5 === 4 ? nobody : face, { headers: { [REQUEST_ID_HEADER]: id } })
    ));
    assertEquals(answers.map(({ status }) => status), ids.map((_, i) => i % 5 === 4 ? 422 : 200));

    const served = Map.groupBy(
      service.log.filter((line) => line["service"] === "worker" && line["method"] === "POST"),
      (line) => line["worker"],
    );
    const lines = [...served.values()].flat();
    assertEquals(lines.map((line) => String(line["request_id"])).sort(), ids.toSorted());
    assert(!served.has(undefined), "A log entry has no worker name");
    const counts = [...served.values()].map((lines) => lines.length);
    assertEquals(Math.max(...counts), limit);
    assert(served.size >= REQUESTS / limit);
  });
}

Deno.test("a worker refuses a request without a valid token, and does not count the request", async () => {
  await using worker = await Worker.ready({ REQUESTS_PER_WORKER: "1" });
  const tokens = [
    undefined,
    "",
    "Bearer ",
    "Bearer x.y.z",
    worker.token({ keys: fakeTokenKeys() }),
    worker.token({ audience: "worker-8" }),
    worker.token().replace("Bearer ", "Basic "),
    unsigned("worker-7"),
  ];
  for (const token of tokens) {
    assertProblem(await worker.post(await sample("user1.png"), token), "unauthorized");
  }
  assertEquals((await worker.post(await sample("user1.png"), worker.token())).status, 200);
  // The worker has served its one request. It would keep running for five more seconds.
  await worker.process.stop("SIGKILL");
});

Deno.test("a worker refuses requests over its limit, and ends after the last allowed request", async () => {
  await using worker = await Worker.ready({ REQUESTS_PER_WORKER: "2" });
  const picture = await sample("user1.png");
  const answers = await Promise.all(Array.from({ length: 4 }, async () => {
    return await worker.post(picture, worker.token());
  }));
  const lastAnswer = performance.now();
  const statuses = answers.map(({ status }) => status).sort();
  assertEquals(statuses, [200, 200, 409, 409]);
  for (const answer of answers.filter(({ status }) => status === 409)) {
    assertProblem(answer, "worker_used");
  }
  assertEquals((await worker.process.get("/ready")).status, 503);
  assertEquals((await worker.process.get("/health")).status, 200);

  assertEquals(await worker.process.exitCode(), 0);
  const lingeredMs = performance.now() - lastAnswer;
  assert(lingeredMs > 4500 && lingeredMs < 9000, `The worker ended after ${lingeredMs} ms`);
});

Deno.test("a worker that receives SIGTERM still answers its running request", async () => {
  const picture = await slowPicture();
  await using worker = await Worker.ready();
  const answer = worker.post(picture, worker.token());
  let answered = false;
  void answer.then(() => answered = true, () => {});
  worker.process.kill("SIGTERM");
  await eventually(
    () => worker.process.log.some(({ reason }) => reason === "SIGTERM"),
    "the worker has received the signal",
  );
  assertEquals((await worker.process.get("/ready")).status, 503);
  assert(!answered, "The request was answered before the signal");
  const { status, text } = await answer;
  assertEquals(status, 200, text);
  assertStringIncludes(text, '"user_id":"user1"');
  assertEquals(await worker.process.exitCode(), 0);
});

/** A worker process without an api. The test has the key that signs the worker's tokens. */
class Worker implements AsyncDisposable {
  readonly process: Service;
  readonly #keys: FakeTokenKeys;

  private constructor(process: Service, keys: FakeTokenKeys) {
    this.process = process;
    this.#keys = keys;
  }

  static async ready(env: Readonly<Record<string, string>> = {}): Promise<Worker> {
    const keys = fakeTokenKeys();
    const process = new Service({
      WORKER_NAME: "worker-7",
      WORKER_TOKEN_PUBLIC_KEYS: keys.publicPem,
      EMBEDDINGS_PATH: LOCAL_PATHS.gallery,
      MODEL_PATH: LOCAL_PATHS.recognition,
      DETECTOR_PATH: LOCAL_PATHS.detector,
      LANDMARKS_PATH: LOCAL_PATHS.landmarks,
      LOG_LEVEL: "debug",
      ...env,
    }, ["run", "-q", "-P=worker", "worker/main.ts"]);
    await process.untilReady();
    return new Worker(process, keys);
  }

  /** Returns the Authorization header that the api would send. */
  token({ keys = this.#keys, audience = "worker-7" } = {}): string {
    return `Bearer ${signWorkerToken(keys.signing, audience)}`;
  }

  post(picture: Picture, authorization: string | undefined): Promise<Answer> {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    return this.process.post(picture, { headers });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.process[Symbol.asyncDispose]();
  }
}

/** Returns a token without a signature. The token's header says that it needs none. */
function unsigned(audience: string): string {
  const now = Math.floor(Date.now() / 1000);
  const parts = [{ alg: "none" }, { aud: audience, iat: now, exp: now + 30 }];
  const [header, claims] = parts.map((part) =>
    new TextEncoder().encode(JSON.stringify(part)).toBase64({ alphabet: "base64url" })
      .replaceAll("=", "")
  );
  return `Bearer ${header}.${claims}.`;
}
