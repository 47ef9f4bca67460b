/** Sends calls to the Kubernetes API, and reads the API server's clock from the responses. */

import { type RequestContext, ResponseContext } from "@kubernetes/client-node";
import { Buffer } from "node:buffer";
import { request } from "undici";

/** The API server's clock. A Date header has whole seconds, so this clock is up to 1 s late. */
export class ServerClock {
  readonly #now: () => number;
  #aheadMs: number | undefined;

  /**
   * Makes a clock that is not set yet.
   *
   * @param now Returns milliseconds of a monotonic clock
   */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Returns milliseconds since 1970.
   *
   * @throws {RangeError} before the first response
   */
  now(): number {
    if (this.#aheadMs === undefined) {
      throw new RangeError("The Kubernetes API has not answered yet");
    }
    return this.#now() + this.#aheadMs;
  }

  /** Sets the clock from a Date header. A missing or bad header is ignored. */
  observe(date: string | undefined): void {
    const ms = Date.parse(date ?? "");
    if (!Number.isNaN(ms)) this.#aheadMs = ms - this.#now();
  }
}

/** Sends a call of the generated client through the connections of the context's undici Agent. */
export async function send(
  context: RequestContext,
  clock: ServerClock,
  timeoutMs: number,
): Promise<ResponseContext> {
  const { statusCode, headers, body } = await request(context.getUrl(), {
    method: context.getHttpMethod(),
    headers: context.getHeaders(),
    body: context.getBody() as string | undefined ?? null,
    dispatcher: context.getDispatcher()!,
    // Keeps the connection open. By default undici closes it after a DELETE with a body.
    reset: false,
    signal: AbortSignal.timeout(timeoutMs),
  });
  const flat = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, String(value)]),
  );
  clock.observe(flat["date"]);
  return new ResponseContext(statusCode, flat, {
    text: () => body.text(),
    binary: async () => Buffer.from(await body.arrayBuffer()),
    stream: () => null,
  });
}
