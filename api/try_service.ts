/**
 * The command that `helm test` runs. It sends a picture to the service until a worker answers.
 *
 * Usage: try_service.ts URL
 */

import { z } from "zod";
import { delay } from "../shared/backoff.ts";

/** A grey PNG of 64 x 64 pixels, without a face: a worker that processes it answers no_face. */
const GREY_PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAAAAACPAi4CAAAAKUlEQVR42u3MQREAAAwCIKMb3RD77SAA6VEEAoFA" +
  "IBAIBAKBQCAQfA8G320AeXC6efoAAAAASUVORK5CYII=";
const PAUSE_MS = 1000;
const DEADLINE_MS = 90_000;

const CodeSchema = z.object({ code: z.string() });

/** Error for a response that shows a fault of the service. */
export class UnexpectedResponse extends Error {
  override readonly name = "UnexpectedResponse";
}

/**
 * Sends the picture until a worker has processed it. Retries while the service is unreachable or has
 * no worker.
 *
 * @param signal Ends the attempts
 * @param pauseMs Milliseconds between two attempts
 * @throws {UnexpectedResponse} for a response that is neither no_face nor a 503
 * @throws the signal's reason
 */
export async function tryService(url: URL, signal: AbortSignal, pauseMs = PAUSE_MS): Promise<void> {
  for (;;) {
    const answer = await post(new URL("/authenticate", url), signal);
    if (answer?.code === "no_face") return;
    if (answer !== undefined && answer.status !== 503) {
      throw new UnexpectedResponse(`The service answered ${answer.status} ${answer.code}`);
    }
    await delay(pauseMs, signal);
  }
}

/** Sends the picture once. Returns undefined when the service is unreachable. */
async function post(url: URL, signal: AbortSignal) {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ image_base64: GREY_PNG }),
      signal,
    });
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
  const body = CodeSchema.safeParse(await response.json().catch(() => undefined));
  return { status: response.status, code: body.data?.code };
}

if (import.meta.main) {
  try {
    await tryService(new URL(Deno.args[0] ?? ""), AbortSignal.timeout(DEADLINE_MS));
    console.log("OK: a worker processed the test picture (no face, as expected)");
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
