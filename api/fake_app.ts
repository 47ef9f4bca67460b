/** Makes the api's app for tests, with a fake pool, fake workers and a clock that tests set. */

import { assertEquals } from "@std/assert";
import { ProblemBodySchema } from "../shared/contract/contract.ts";
import { type ProblemCode, PROBLEMS } from "../shared/contract/problem.ts";
import type { FacePolicy } from "../shared/contract/face_policy.ts";
import { DEFAULT_POLICY } from "../shared/contract/fake_policy.ts";
import { createFakeLog } from "../shared/fake_log.ts";
import { png } from "../tests/support/png.ts";
import { createApp } from "./app.ts";
import type { AllowedCallers } from "./callers/check_callers.ts";
import type { Access } from "./callers/check_scopes.ts";
import { openAccess } from "./callers/fake_access.ts";
import type { GalleryClient } from "./gallery/gallery_client.ts";
import { createApiMetrics } from "./metrics.ts";
import { FakePool, type FakePoolOptions } from "../shared/pool/fake_pool.ts";
import { type FakeWorker, FakeWorkerClient } from "./recognition/fake_worker_client.ts";
import type { PictureLimits } from "./recognition/picture_requests.ts";

/** A picture of one pixel. */
export const PNG = png({ width: 1, height: 1 }, [[255, 0, 0]]);

const LIMITS: PictureLimits = {
  maxImageBytes: 1000,
  maxImagePixels: 1000,
  bodyTimeoutMs: 10_000,
  requestTimeoutMs: 10_000,
  queueLimit: 10,
  queueBytes: 512 * 1024 * 1024,
};

/** Options of {@linkcode createFakeApp}. */
export interface FakeAppOptions extends FakePoolOptions {
  /** One behaviour of a worker for each call, in the order of the calls. */
  readonly workers?: readonly FakeWorker[];
  readonly limits?: Partial<PictureLimits>;
  /** Default: the workers hold the gallery. */
  readonly gallery?: GalleryClient;
  /** Host names and origins that may call. Default: every host name, and no other origin. */
  readonly callers?: Partial<AllowedCallers>;
  /** Default: everybody may do everything, as on a laptop. */
  readonly access?: Access;
  /** Default: that of the service. */
  readonly policy?: FacePolicy;
}

/** Makes an app whose pool has one free worker by default. */
export function createFakeApp(
  {
    workers = [],
    gallery,
    limits = {},
    callers = {},
    access = openAccess(),
    policy = DEFAULT_POLICY,
    ...pool
  }: FakeAppOptions = {},
) {
  const clock = { ms: 0 };
  const fakePool = new FakePool({ free: 1, ...pool });
  const client = new FakeWorkerClient(workers);
  const { log, lines } = createFakeLog();
  let requests = 0;
  const app = createApp({
    pool: fakePool,
    workers: client,
    gallery,
    metrics: createApiMetrics(),
    limits: { ...LIMITS, ...limits },
    callers: { hosts: undefined, origins: new Set<string>(), ...callers },
    access,
    policy,
    log,
    now: () => clock.ms,
    newRequestId: () => `request-${++requests}`,
  });
  const call = async (path: string, init: RequestInit = {}) =>
    await app.fetch(new Request(`http://face-it.test${path}`, init));
  const post = (init: RequestInit = {}, path = "/authenticate") =>
    call(path, { method: "POST", body: PNG, ...init });
  return { app, pool: fakePool, client, clock, lines, call, post };
}

/** Checks that a response is the documented error `code`, and returns its detail. */
export async function assertProblem(response: Response, code: ProblemCode): Promise<string> {
  const body = ProblemBodySchema.parse(await response.json());
  assertEquals(body.code, code);
  assertEquals(body.status, PROBLEMS[code].status);
  assertEquals(body.title, PROBLEMS[code].title);
  assertEquals(response.status, PROBLEMS[code].status);
  assertEquals(response.headers.get("Content-Type"), "application/problem+json");
  assertEquals(response.headers.get("X-Request-Id"), body.request_id);
  return body.detail;
}

/** Returns the state of each lease, in the order of the claims. */
export function leaseStates(pool: FakePool): string[] {
  return pool.leases.map(({ state }) => state);
}

/** Returns a body that begins and never ends. */
export function stalledBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.enqueue(PNG) });
}
