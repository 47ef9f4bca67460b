/**
 * Sends odd requests to the api and checks that each response is documented. `deno task fuzz` sends
 * many requests, and http_fuzz_test.ts sends a few.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createApp } from "../../api/app.ts";
import { openAccess } from "../../api/callers/fake_access.ts";
import { FakePool } from "../../shared/pool/fake_pool.ts";
import type { WorkerClient } from "../../api/recognition/worker_client.ts";
import {
  type AuthenticateAnswer,
  AuthenticateAnswerSchema,
  REQUEST_ID_HEADER,
} from "../../shared/contract/contract.ts";
import { pictureProblem } from "../../shared/contract/picture_problem.ts";
import { INTERNAL_CODES, PROBLEM_CODES, PROBLEMS } from "../../shared/contract/problem.ts";
import { createFakeLog } from "../../shared/fake_log.ts";
import { sniffImageType } from "../../shared/contract/image_type.ts";
import { listen } from "../../shared/http/listen.ts";
import { createApiMetrics } from "../../api/metrics.ts";
import { type Answer, readAnswer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { RawConnection } from "../support/raw_http.ts";
import { ALLOWED_ORIGIN, oddBytes, type OddRequest, oddRequest } from "./http_requests.ts";
import { DEFAULT_POLICY } from "../../shared/contract/fake_policy.ts";

/** Number of requests, and the seed of the random numbers that make them. */
export interface FuzzOptions {
  readonly runs: number;
  readonly seed: number;
}

const HEALTH_CHECKS: ReadonlySet<string> = new Set(["/health", "/ready"]);
const MAX_IMAGE_BYTES = 1000;
/** Paths that /openapi.json does not document: the pages of a browser, and /openapi.json itself. */
const PAGES: ReadonlySet<string> = new Set(["/", "/docs", "/openapi.json", "/page/page.js"]);
/** Codes that this test must not see: only real workers and internal errors cause them. */
const NEVER: ReadonlySet<string> = new Set([
  "internal",
  "worker_failed",
  "deadline_exceeded",
  "ambiguous_match",
  "user_not_found",
  "too_many_templates",
  "consent_required",
  "user_exists",
  "not_live",
  "not_the_same_person",
  "belongs_to_another_user",
  "gallery_unavailable",
  "forbidden_scope",
  "locked",
  "too_many_attempts",
  "too_many_requests",
  "issuer_unavailable",
  ...INTERNAL_CODES,
]);
const STATUSES: ReadonlySet<number> = new Set([
  200,
  // Answers a browser's question before a request of another origin.
  204,
  ...PROBLEM_CODES.filter((code) => !NEVER.has(code)).map((code) => PROBLEMS[code].status),
]);
const NON_MATCH: AuthenticateAnswer = {
  matched: false,
  confidence: 0,
  face: { box: [412, 96, 180, 224] },
  duration_ms: 29,
};

/** The user_id of each request to the fake worker since the last check. */
const asked: (string | undefined)[] = [];

/** A fake worker. It checks that the api may send each request to a worker, and answers it. */
const workers: WorkerClient = {
  authenticate(_worker, { image, userId }) {
    asked.push(userId);
    assert(sniffImageType(image) !== undefined, "The api sent a body that is no picture");
    assert(image.byteLength <= MAX_IMAGE_BYTES, "The api sent more than MAX_IMAGE_BYTES");
    assert(userId === undefined || (userId.length >= 1 && userId.length <= 256), "Bad user_id");
    return Promise.resolve(
      image.byteLength % 2 === 0
        ? { kind: "answer", answer: NON_MATCH }
        : { kind: "refusal", problem: pictureProblem("no_face") },
    );
  },
  embed: () => Promise.reject(new TypeError("The workers hold the gallery")),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Makes an api with a pool of one worker, which answers under these host names. */
function setUp(hosts?: ReadonlySet<string>) {
  const pool = new FakePool({ free: 1 });
  const { log, lines } = createFakeLog();
  const app = createApp({
    pool,
    workers,
    gallery: undefined,
    metrics: createApiMetrics(),
    policy: DEFAULT_POLICY,
    limits: {
      maxImageBytes: MAX_IMAGE_BYTES,
      maxImagePixels: 51_000_000,
      bodyTimeoutMs: 50,
      requestTimeoutMs: 10_000,
      queueLimit: 10,
      queueBytes: 1_000_000,
    },
    callers: { hosts, origins: new Set([ALLOWED_ORIGIN]) },
    access: openAccess(),
    log,
    now: () => performance.now(),
    newRequestId: () => crypto.randomUUID(),
  });
  let seen = 0;
  const assertUnchanged = () => {
    const { free, busy, waiters } = pool.stats();
    assertEquals([free, busy, waiters], [1, 0, 0]);
    const added = lines.slice(seen);
    seen = lines.length;
    assertEquals(added.filter(({ level }) => level === "error"), []);
  };
  return { app, log, assertUnchanged };
}

/**
 * Fuzzes the app without a socket: JSON, forms, pictures, headers, queries, methods.
 *
 * @throws {Error} with the smallest request whose response is wrong
 */
export async function fuzzApp(options: FuzzOptions): Promise<void> {
  const { app, assertUnchanged } = setUp(new Set(["api.test"]));
  const document = await (await app.fetch(new Request("http://api.test/openapi.json"))).json();
  const paths: Record<string, Record<string, { responses: object }>> = document.paths;

  /** Returns the statuses that are allowed for a request. */
  const allowedStatuses = (odd: OddRequest): string[] => {
    const { pathname } = new URL(odd.path, "http://api.test");
    const { Host, Origin, "Sec-Fetch-Site": site } = odd.headers;
    const refusals = Host === undefined ? [] : ["400", "421"];
    const isRead = odd.method === "GET" || odd.method === "HEAD";
    const isOpen = HEALTH_CHECKS.has(pathname) ||
      isRead && (PAGES.has(pathname) || pathname.startsWith("/page/"));
    if (Origin === ALLOWED_ORIGIN) {
      return [...refusals, ...documentedStatuses(odd), ...odd.method === "OPTIONS" ? ["204"] : []];
    }
    // The browser says that a page is the service's own, behind a proxy that changes the host.
    const isVouchedFor = site === "same-origin" && Origin !== undefined &&
      /^(https:|http:\/\/localhost)/i.test(Origin);
    const isForeign = site === "cross-site" || site === "same-site" ||
      Origin !== undefined && Origin !== "http://api.test" && !isVouchedFor;
    // Input that no route declares is refused before the caller is checked.
    if (isForeign && !isOpen) return [...refusals, "400", "403"];
    return [...refusals, "403", ...documentedStatuses(odd)];
  };
  /** Returns the statuses that /openapi.json allows for a request. */
  const documentedStatuses = ({ path, method }: OddRequest): string[] => {
    const { pathname } = new URL(path, "http://api.test");
    if (PAGES.has(pathname)) return ["200", "400", "405"];
    const methods = paths[pathname];
    if (methods === undefined) return ["404"];
    const operation = methods[method === "HEAD" ? "get" : method.toLowerCase()];
    return operation === undefined ? ["405"] : Object.keys(operation.responses);
  };
  await fc.assert(
    fc.asyncProperty(oddRequest, async (odd) => {
      const { method, headers, path } = odd;
      const hasBody = method !== "GET" && method !== "HEAD";
      const request = new Request(`http://api.test${path}`, {
        method,
        headers: headers as Record<string, string>,
        body: hasBody ? odd.body : null,
      });
      const answer = await readAnswer(Promise.resolve(app.fetch(request)));
      assert(
        allowedStatuses({ ...odd, method: request.method }).includes(String(answer.status)),
        `${answer.status}`,
      );
      assertDocumented(answer, request.method);
      const userIds = asked.splice(0);
      if (answer.status === 200 || userIds.length > 0) assertUsedQuery(request.url, userIds);
      const id = headers[REQUEST_ID_HEADER];
      if (id !== undefined && /^[\w.-]{1,64}$/.test(id)) {
        assertEquals(answer.headers.get(REQUEST_ID_HEADER), id);
      }
      assertUnchanged();
    }),
    { numRuns: options.runs, seed: options.seed },
  );
}

/**
 * Fuzzes the app behind a socket, with bytes that need not be HTTP.
 *
 * @throws {Error} with the shortest bytes whose response is wrong
 */
export async function fuzzSocket(options: FuzzOptions): Promise<void> {
  const { app, log, assertUnchanged } = setUp();
  const listener = listen({ host: "127.0.0.1", port: 0, onListen() {}, log }, app.fetch);
  const url = new URL(`http://127.0.0.1:${listener.port}`);
  await using _listening = { [Symbol.asyncDispose]: () => listener.shutdown() };
  await fc.assert(
    fc.asyncProperty(oddBytes, async (bytes) => {
      {
        using connection = await RawConnection.open(url);
        await connection.send(bytes);
        await connection.end();
        for (let answers = 0;; answers++) {
          const answer = await connection.answer();
          if (answer === undefined) break;
          assert(answers < 10, "The service sends more than 10 responses");
          assertAllowedOnSocket(answer);
        }
      }
      const { status } = await readAnswer(fetch(new URL("/health", url)));
      assertEquals(status, 200);
      assertUnchanged();
    }),
    { numRuns: options.runs, seed: options.seed },
  );
}

/** Checks a response of the app, or the response of Deno itself to bytes that are not HTTP. */
function assertAllowedOnSocket(answer: Answer): void {
  if (answer.status === 100) return;
  const byDeno = !answer.headers.has(REQUEST_ID_HEADER);
  if (byDeno) assertEquals([answer.status, answer.text], [400, ""]);
  else if (isHealthy(answer)) return;
  else assertDocumented(answer, answer.text === "" ? "HEAD" : "POST");
}

/** Checks that a request that was answered has no parameter that the service ignored. */
function assertUsedQuery(url: string, asked: readonly (string | undefined)[]): void {
  const given = [...new URL(url).searchParams];
  assert(given.length <= 1, url);
  const [[name, value] = []] = given;
  assert(name === undefined || name === "user_id", url);
  for (const userId of asked) assert(name === undefined || userId === value, url);
}

/** True for the answer of a health check. Random bytes can be a complete request for it. */
function isHealthy({ status, text }: Answer): boolean {
  return status === 200 && text === JSON.stringify({ status: "ok" });
}

function assertDocumented(answer: Answer, method: string): void {
  assert(answer.headers.has(REQUEST_ID_HEADER), "The response has no request id");
  if (method === "HEAD" || answer.status === 204) {
    assertEquals(answer.text, "");
    assert(STATUSES.has(answer.status), `${answer.status}`);
    return;
  }
  if (answer.status === 200 || answer.headers.get("Content-Type") === "application/json") {
    // Of the documented paths, only /authenticate accepts POST.
    if (method === "POST") AuthenticateAnswerSchema.parse(JSON.parse(answer.text));
    else assert(answer.text !== "", "The response is empty");
    return;
  }
  const code = PROBLEM_CODES.find((code) => code === JSON.parse(answer.text).code);
  assert(code !== undefined && !NEVER.has(code), answer.text);
  assertProblem(answer, code);
}

if (import.meta.main) {
  const seed = Number(Deno.args[0] ?? Date.now() % 1e9);
  console.log(`seed ${seed}`);
  await fuzzApp({ runs: 10_000, seed });
  await fuzzSocket({ runs: 2000, seed });
  console.log("10000 requests and 2000 connections got documented responses");
}
