// The use of workers by POST /authenticate: answers, retries and leases.

import { assert, assertEquals } from "@std/assert";
import { fakeAccess } from "../../callers/fake_access.ts";
import { assertProblem, createFakeApp, leaseStates, PNG } from "../../fake_app.ts";
import { AuthenticateAnswerSchema } from "../../../shared/contract/contract.ts";
import { MATCH, NON_MATCH } from "../../../shared/contract/fake_answers.ts";
import {
  answering,
  failingWorker,
  mistrustingWorker,
  refusing,
  unreachableWorker,
  usedWorker,
} from "../../recognition/fake_worker_client.ts";

const DETAIL = "The face is turned away";

Deno.test("a client gets the worker's answer, with the duration of the whole request", async () => {
  for (const answer of [MATCH, NON_MATCH]) {
    const { post, clock } = createFakeApp({
      workers: [() => {
        clock.ms += 31.26;
        return { kind: "answer", answer };
      }],
    });
    const response = await post();
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("Content-Type"), "application/json");
    const body = AuthenticateAnswerSchema.parse(await response.json());
    assertEquals(body, { ...answer, duration_ms: 31.3 });
  }
});

Deno.test("a liveness score is counted, and no client without the scope admin sees it", async () => {
  const worker = () => ({ kind: "answer", answer: MATCH, liveness: 0.2 }) as const;
  const { post, call } = createFakeApp({
    workers: [worker, answering(MATCH)],
    free: 2,
    access: fakeAccess({ allowAnonymous: true }),
  });
  const [withScore, without] = [await post(), await post()];
  assertEquals(await withScore.json(), await without.json());
  const names = ({ headers }: Response) => [...headers.keys()].toSorted();
  assertEquals(names(withScore), names(without));
  const metrics = await (await call("/metrics")).text();
  assert(metrics.includes("\nface_it_liveness_score_count 1\n"));
});

Deno.test("the worker gets the picture, the user_id and the request id", async () => {
  const { post, client } = createFakeApp({ workers: [answering(MATCH), answering(MATCH)] });
  await post({ headers: { "X-Request-Id": "mine" } }, "/authenticate?user_id=user1");
  await post({
    body: JSON.stringify({ image_base64: PNG.toBase64() }),
    headers: { "Content-Type": "application/json" },
  });
  assertEquals(client.calls, [
    { worker: "worker-1", probe: { image: PNG, userId: "user1" }, requestId: "mine" },
    { worker: "worker-1", probe: { image: PNG, userId: undefined }, requestId: "request-1" },
  ]);
});

Deno.test("a worker that answered or refused the picture is kept", async () => {
  const { post, pool } = createFakeApp({
    workers: [answering(MATCH), answering(NON_MATCH), refusing("no_face", DETAIL)],
  });
  for (let i = 0; i < 3; i++) await (await post()).body?.cancel();
  assertEquals(leaseStates(pool), ["kept", "kept", "kept"]);
  assertEquals(pool.stats().free, 1);
});

Deno.test("a client gets the worker's refusal of a picture", async () => {
  const codes = [
    "invalid_image",
    "unsupported_media_type",
    "payload_too_large",
    "no_face",
    "multiple_faces",
    "face_too_small",
    "face_not_upright",
    "face_unclear",
    "ambiguous_match",
  ] as const;
  for (const code of codes) {
    const { post } = createFakeApp({ workers: [refusing(code, DETAIL)] });
    assertEquals(await assertProblem(await post(), code), DETAIL);
  }
});

Deno.test("a worker that failed is not trusted and its request is not retried", async () => {
  const { post, pool, client, lines } = createFakeApp({ free: 2, workers: [failingWorker] });
  const detail = await assertProblem(await post(), "worker_failed");
  assertEquals(detail.includes("reset"), false);
  assertEquals(leaseStates(pool), ["distrusted"]);
  assertEquals(client.calls.length, 1);
  assertEquals(lines.at(-1)!["cause"], "Error: Connection reset");
});

Deno.test("a request that did not reach its worker is sent to another worker", async () => {
  const { post, pool, client } = createFakeApp({
    free: 2,
    workers: [unreachableWorker, answering(MATCH)],
  });
  const response = await post();
  assertEquals(response.status, 200);
  await response.body?.cancel();
  assertEquals(leaseStates(pool), ["distrusted", "kept"]);
  assertEquals(client.calls.map(({ worker }) => worker), ["worker-1", "worker-2"]);
});

Deno.test("a request fails after two workers could not be reached", async () => {
  const { post, pool, client } = createFakeApp({
    free: 3,
    workers: [unreachableWorker, unreachableWorker],
  });
  await assertProblem(await post(), "worker_failed");
  assertEquals(leaseStates(pool), ["distrusted", "distrusted"]);
  assertEquals(client.calls.length, 2);
});

Deno.test("a request whose token a worker refused is sent to another worker, and this is logged", async () => {
  const { post, pool, client, lines } = createFakeApp({
    free: 3,
    workers: [mistrustingWorker, mistrustingWorker, answering(MATCH)],
  });
  const response = await post();
  assertEquals(response.status, 200);
  await response.body?.cancel();
  assertEquals(leaseStates(pool), ["distrusted", "distrusted", "kept"]);
  assertEquals(client.calls.length, 3);
  const { tokens_refused, token_cause } = lines.at(-1)!;
  assertEquals(tokens_refused, 2);
  assertEquals(token_cause, "The worker refused the token: its clock is 120 s behind");
});

Deno.test("a request costs at most three workers that refuse its token", async () => {
  const { post, pool, client, lines } = createFakeApp({
    free: 9,
    workers: Array.from({ length: 9 }, () => mistrustingWorker),
  });
  const response = await post();
  assert(Number(response.headers.get("Retry-After")) >= 1);
  await assertProblem(response, "no_worker_available");
  assertEquals(leaseStates(pool), ["distrusted", "distrusted", "distrusted"]);
  assertEquals(client.calls.length, 3);
  assertEquals(String(lines.at(-1)!["cause"]).includes("its clock is 120 s behind"), true);
});

Deno.test("used workers are skipped, however many there are", async () => {
  const workers = [usedWorker, unreachableWorker, usedWorker, usedWorker, answering(MATCH)];
  const { post, pool } = createFakeApp({ free: 5, workers });
  const response = await post();
  assertEquals(response.status, 200);
  await response.body?.cancel();
  assertEquals(leaseStates(pool), ["destroyed", "distrusted", "destroyed", "destroyed", "kept"]);
});
