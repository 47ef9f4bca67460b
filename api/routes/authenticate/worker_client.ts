/** Sends a probe to a worker and classifies its response. */

import { Agent, request } from "undici";
import {
  type AuthenticateAnswer,
  AuthenticateAnswerSchema,
  ProblemBodySchema,
  REQUEST_ID_HEADER,
} from "../../../shared/contract/contract.ts";
import { PICTURE_CODES, Problem } from "../../../shared/contract/problem.ts";
import type { Probe } from "../../../shared/http/parse_probe.ts";
import { isUnreached } from "../../unreached.ts";
import { signWorkerToken, type TokenKeys } from "../../../shared/http/worker_token.ts";
import type { LeasedWorker } from "../../pool/pool.ts";

/** Result of sending a probe to a worker. */
export type WorkerResult =
  /** The worker recognised a face. It can serve again. */
  | { readonly kind: "answer"; readonly answer: AuthenticateAnswer }
  /** The worker refused the picture. It can serve again. */
  | { readonly kind: "refusal"; readonly problem: Problem }
  /** The worker never saw the probe. Another worker can be tried. */
  | { readonly kind: "unreached"; readonly cause: unknown }
  /** The worker takes no more requests and did not read the probe. */
  | { readonly kind: "used"; readonly cause: unknown }
  /** The worker died, or its response is not as documented. */
  | { readonly kind: "failed"; readonly cause: unknown };

/** Calls workers. */
export interface WorkerClient extends AsyncDisposable {
  /**
   * Sends a probe to a worker, which serves no other request at the same time.
   *
   * @param requestId Request id for the worker's log
   * @param signal Ends the call
   * @throws the signal's reason
   */
  authenticate(
    worker: LeasedWorker,
    probe: Probe,
    requestId: string,
    signal: AbortSignal,
  ): Promise<WorkerResult>;
}

const MAX_ANSWER_BYTES = 64 * 1024;
const CONNECT_TIMEOUT_MS = 2000;

/** Makes a client that signs each call with the first of `keys()`. */
export function createWorkerClient(keys: () => TokenKeys): WorkerClient {
  const agent = new Agent({
    connectTimeout: CONNECT_TIMEOUT_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    async authenticate(worker, probe, requestId, signal) {
      const url = new URL("/authenticate", worker.url);
      if (probe.userId !== undefined) url.searchParams.set("user_id", probe.userId);
      const token = await signWorkerToken(keys(), worker.name);
      try {
        const response = await request(url, {
          method: "POST",
          dispatcher: agent,
          headers: {
            "Authorization": `Bearer ${token}`,
            "Content-Type": "application/octet-stream",
            [REQUEST_ID_HEADER]: requestId,
          },
          body: probe.image,
          signal,
        });
        return classify(response.statusCode, await readAnswer(response.body));
      } catch (cause) {
        signal.throwIfAborted();
        return { kind: isUnreached(cause) ? "unreached" : "failed", cause };
      }
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

async function readAnswer(body: AsyncIterable<Uint8Array>): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new RangeError("The worker's answer is too large");
    chunks.push(chunk);
  }
  const text = await new Blob(chunks as Uint8Array<ArrayBuffer>[]).text();
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would quote the text, which can name a user.
    throw new SyntaxError("The worker's answer is not JSON");
  }
}

function classify(status: number, body: unknown): WorkerResult {
  if (status === 200) {
    const answer = AuthenticateAnswerSchema.safeParse(body);
    if (answer.success) return { kind: "answer", answer: answer.data };
    return { kind: "failed", cause: new TypeError("The worker's answer is not as documented") };
  }
  const problem = ProblemBodySchema.safeParse(body);
  if (!problem.success) {
    return { kind: "failed", cause: new TypeError(`The worker answered ${status} without a code`) };
  }
  const { code, detail } = problem.data;
  if (PICTURE_CODES.has(code)) return { kind: "refusal", problem: new Problem(code, detail) };
  const cause = new Error(`The worker answered ${status} ${code}`);
  if (code === "worker_used") return { kind: "used", cause };
  // A worker that is still starting has not read the probe.
  return { kind: code === "no_worker_available" ? "unreached" : "failed", cause };
}
