/** Asks a worker or a supervisor whether it is ready. */

import { Agent, request } from "undici";
import { z } from "zod";
import { parseJson, readBounded } from "../../../shared/read_bounded.ts";
import { startTimeLimit } from "../../../shared/time_limit.ts";

/** Asks workers. */
export interface ReadyClient extends AsyncDisposable {
  /**
   * True when the worker at an address answers that it is ready. Any other answer means no, and so
   * does none. The question carries no token.
   *
   * @param signal Ends the question
   */
  isReady(url: URL, signal: AbortSignal): Promise<boolean>;
}

const TIMEOUT_MS = 1000;
const MAX_HEADER_BYTES = 4096;
const MAX_BODY_BYTES = 1024;

/** The answer of a worker that is ready. Many services have a /ready, but this one tells its seal. */
const ReadySchema = z.object({
  status: z.literal("ok"),
  seal: z.record(z.string(), z.boolean()),
});

/** Makes a client with one connection to each worker. */
export function createReadyClient(): ReadyClient {
  const agent = new Agent({
    connections: 1,
    maxHeaderSize: MAX_HEADER_BYTES,
    connectTimeout: TIMEOUT_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    async isReady(url, signal) {
      using limit = startTimeLimit(TIMEOUT_MS);
      try {
        const { statusCode, body } = await request(new URL("/ready", url), {
          dispatcher: agent,
          signal: AbortSignal.any([signal, limit.signal]),
        });
        // Also the body of a refusal is read, so that the connection can be used again.
        const bytes = await readBounded(body, MAX_BODY_BYTES);
        return statusCode === 200 && bytes !== undefined &&
          ReadySchema.safeParse(parseJson(bytes)).success;
      } catch {
        return false;
      }
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}
