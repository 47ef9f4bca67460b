/** Passes a request on to a process, and its answer back. */

import { LIVENESS_HEADER, REQUEST_ID_HEADER, UNCLEAR_HEADER } from "../shared/contract/contract.ts";
import { WORKER_MODELS_HEADER } from "../shared/contract/models_in_use.ts";
import { FACE_HEADER } from "../shared/contract/observed_face.ts";
import { PROBLEMS } from "../shared/contract/problem.ts";
import { WORKER_SEAL_HEADER } from "../shared/contract/worker_seal.ts";
import { BodyEndedEarly } from "../shared/http/read_body.ts";
import { readBounded } from "../shared/read_bounded.ts";

/** Error for an answer that no worker gives. Its message has no text of the process. */
export class NonsenseAnswer extends Error {
  override readonly name = "NonsenseAnswer";
}

const TO_PROCESS = ["Authorization", "Content-Type", REQUEST_ID_HEADER];
const FROM_PROCESS = [
  "Content-Type",
  "Retry-After",
  FACE_HEADER,
  LIVENESS_HEADER,
  UNCLEAR_HEADER,
  WORKER_MODELS_HEADER,
  WORKER_SEAL_HEADER,
];
/**
 * Refusals of requests that are not for a worker. The supervisor has checked the token, and that the
 * process is ready and serves a request. The api sends a picture again after such an answer.
 */
const ONLY_FROM_SUPERVISOR = (["unauthorized", "worker_used", "no_worker_available"] as const)
  .map((code): number => PROBLEMS[code].status);
const STATUSES: ReadonlySet<number> = new Set(
  [200, ...Object.values(PROBLEMS).map(({ status }) => status)]
    .filter((status) => !ONLY_FROM_SUPERVISOR.includes(status)),
);
/** An embedding has at most 8 KiB, every other answer at most 4 KiB. */
const MAX_ANSWER_BYTES = 16 * 1024;

/**
 * Passes a request on. The picture is not kept: its bytes are passed on as they arrive. The api checks
 * the content of the answer.
 *
 * @param target Address of the process, with path and query
 * @param signal Ends the call
 * @throws {BodyEndedEarly} when the connection ends while the picture arrives
 * @throws {NonsenseAnswer} when the answer has a status that no process gives, or is too large
 * @throws when the process ends before it has answered
 * @throws the signal's reason
 */
export async function forward(
  request: Request,
  target: URL,
  signal: AbortSignal,
): Promise<Response> {
  // An error of fetch does not tell which of its two connections has ended.
  let endedEarly: BodyEndedEarly | undefined;
  const response = await fetch(target, {
    method: "POST",
    headers: pick(request.headers, TO_PROCESS),
    body: request.body && ReadableStream.from(
      observeEnd(request.body, (cause) => endedEarly = new BodyEndedEarly(cause)),
    ),
    redirect: "manual",
    signal,
  }).catch((error) => {
    throw endedEarly ?? error;
  });
  const { status, body } = response;
  if (!STATUSES.has(status)) throw new NonsenseAnswer(`No process answers ${status}`);
  const bytes = await readBounded(body ?? new Blob([]).stream(), MAX_ANSWER_BYTES);
  if (bytes === undefined) throw new NonsenseAnswer("An answer is too large");
  return new Response(bytes, { status, headers: pick(response.headers, FROM_PROCESS) });
}

/** Passes a body on. `onError` is called when it ends with an error. */
async function* observeEnd(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  onError: (error: unknown) => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  try {
    yield* body;
  } catch (error) {
    onError(error);
    throw error;
  }
}

function pick(headers: Headers, names: readonly string[]): Headers {
  const picked = new Headers();
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) picked.set(name, value);
  }
  return picked;
}
