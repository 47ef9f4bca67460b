/** Sends one request to a service, and reads the answer. */

import { z } from "zod";

/**
 * Longest time of one request, unless the request has another one. It is for a large photo on a slow
 * line: a service answers within REQUEST_TIMEOUT_MS, 10 s by default.
 */
const DEADLINE_MS = 60_000;

/** Largest answer. The metrics of a service are the longest: about 30 KB. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** A request. */
export interface Call {
  readonly method: "GET" | "PUT" | "POST";
  /** Path and query. */
  readonly path: string;
  readonly body?: { readonly bytes: Uint8Array<ArrayBuffer>; readonly type: string };
  /** Longest time of the request and the answer. */
  readonly deadlineMs?: number;
}

/** The answer to a {@linkcode Call}. */
export interface CallAnswer {
  readonly status: number;
  readonly text: string;
  /** Stable code of an error; undefined for another answer, and when something else answered. */
  readonly code: string | undefined;
  /** One sentence about an error; empty for another answer. */
  readonly detail: string;
  /** Seconds after which the service wants to be asked again. */
  readonly retryAfterSeconds: number | undefined;
}

/** Error for a request without an answer. The message says why, in a few words. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

const ProblemSchema = z.object({ code: z.string().max(64), detail: z.string() });

/**
 * Sends a request. Follows no redirect: what is sent reaches `service` and nobody else.
 *
 * @param service Address of the service
 * @param key Text of the key; undefined without one
 * @param call The request
 * @param signal Ends the request
 * @throws {NoAnswerError} when the service cannot be reached, or does not answer in time
 * @throws the reason of `signal` when it aborts
 */
export async function sendCall(
  service: URL,
  key: string | undefined,
  { method, path, body, deadlineMs = DEADLINE_MS }: Call,
  signal: AbortSignal,
): Promise<CallAnswer> {
  const deadline = AbortSignal.timeout(deadlineMs);
  try {
    const response = await fetch(new URL(path, service), {
      method,
      redirect: "manual",
      headers: {
        ...key === undefined ? {} : { Authorization: `Bearer ${key}` },
        ...body === undefined ? {} : { "Content-Type": body.type },
      },
      ...body === undefined ? {} : { body: body.bytes },
      signal: AbortSignal.any([signal, deadline]),
    });
    const text = await readText(response);
    const problem = response.ok ? undefined : ProblemSchema.safeParse(parse(text)).data;
    const retryAfter = response.headers.get("Retry-After") ?? "";
    return {
      status: response.status,
      text,
      code: problem?.code,
      detail: (problem?.detail ?? "").slice(0, 300),
      retryAfterSeconds: /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined,
    };
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof NoAnswerError) throw cause;
    const why = deadline.aborted
      ? `there was no answer within ${deadlineMs / 1000} seconds`
      : explain(cause);
    throw new NoAnswerError(why, { cause });
  }
}

/** Returns the part of an error of fetch that helps, such as "Connection refused". */
function explain(error: unknown): string {
  // The error itself only says "fetch failed".
  if (error instanceof Error && error.cause !== undefined) return explain(error.cause);
  const text = error instanceof Error ? error.message : String(error);
  const [, reason] = /^error sending request .*?\): (.*)$/s.exec(text) ?? [];
  const short = (reason ?? text)
    .replace(/^client error \(\w+\): |(?: error)? \(os error \d+\)$/g, "").slice(0, 200);
  return short.includes("UnknownIssuer")
    ? `${short}; DENO_CERT can name the file of an authority of your own`
    : short;
}

async function readText(response: Response): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > MAX_ANSWER_BYTES) throw new NoAnswerError("the answer is too long");
    parts.push(part);
  }
  return await new Blob(parts).text();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
