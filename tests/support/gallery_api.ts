/**
 * Runs an api with sockets in the process of the test. It calls a real gallery service. Its workers
 * are only looked up: they answer with the embeddings that were made of the same pictures before, so
 * a test can afford many requests.
 */

import { createHash } from "node:crypto";
import { createApp } from "../../api/app.ts";
import { openAccess } from "../../api/callers/fake_access.ts";
import { createGalleryClient } from "../../api/gallery/gallery_client.ts";
import { createApiMetrics } from "../../api/metrics.ts";
import { FakePool } from "../../shared/pool/fake_pool.ts";
import type { WorkerClient } from "../../api/recognition/worker_client.ts";
import { createFakeLog } from "../../shared/fake_log.ts";
import type { SigningKeys } from "../../shared/http/token_keys.ts";
import { embeddingBytes } from "../../gallery/fake_caller.ts";
import type { EmbeddedPeople } from "./embedded_people.ts";
import { WORKER_MODELS } from "../../shared/contract/fake_answers.ts";
import { DEFAULT_POLICY } from "../../shared/contract/fake_policy.ts";

/** An api that listens. Disposing of it closes its connections. */
export interface GalleryApi extends AsyncDisposable {
  readonly url: URL;
  /** Lines of its log. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

/** Workers of one api. Each serves one request at a time. */
const WORKERS = 32;

/**
 * Starts an api.
 *
 * @param gallery Returns the address of the gallery service
 * @param keys Keys that sign the calls to the gallery service
 * @param known People of whose photos the workers have embeddings
 */
export function startGalleryApi(
  gallery: () => URL,
  keys: SigningKeys,
  known: EmbeddedPeople,
): GalleryApi {
  const now = () => performance.now();
  const metrics = createApiMetrics();
  const client = createGalleryClient({ url: gallery, keys: () => keys, metrics, now });
  const { log, lines } = createFakeLog();
  const app = createApp({
    access: openAccess(),
    pool: new FakePool({ free: WORKERS, queueLimit: 1000 }),
    workers: knowingWorkers(known),
    gallery: client,
    metrics,
    policy: DEFAULT_POLICY,
    limits: {
      maxImageBytes: 10_000_000,
      maxImagePixels: 51_000_000,
      bodyTimeoutMs: 10_000,
      requestTimeoutMs: 20_000,
      queueLimit: 1000,
      queueBytes: 512 * 1024 * 1024,
    },
    callers: { hosts: undefined, origins: new Set() },
    log,
    now,
    newRequestId: () => crypto.randomUUID(),
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request, info) => app.fetch(request, info),
  );
  return {
    url: new URL(`http://127.0.0.1:${server.addr.port}`),
    lines,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await client[Symbol.asyncDispose]();
    },
  };
}

/** Returns workers that know the faces of some pictures. */
function knowingWorkers({ people, model }: EmbeddedPeople): WorkerClient {
  const digest = (picture: Uint8Array) => createHash("sha256").update(picture).digest("hex");
  const photos = people.flatMap(({ enrolled, others }) => [enrolled, ...others]);
  const faces = new Map(photos.map((photo) => [digest(photo.picture), photo]));
  const models = { ...WORKER_MODELS, recognition: model, match: null, calibration: null };
  return {
    authenticate: () => Promise.reject(new TypeError("These workers hold no gallery")),
    embed(_worker, { image }) {
      const { embedding, face } = faces.get(digest(image))!;
      // The api frees the bytes at the end of the request.
      const answer = { embedding: embeddingBytes(embedding), face, model };
      return Promise.resolve({ kind: "answer", answer, models });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
