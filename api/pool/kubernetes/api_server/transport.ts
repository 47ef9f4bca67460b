/** How calls to the Kubernetes API are sent, and what their answers tell of its clock. */

import { type RequestContext, ResponseContext } from "@kubernetes/client-node";
import { Buffer } from "node:buffer";
import { request } from "undici";

/** The API server's clock. It tells whole seconds, so this one is up to a second late. */
export class ServerClock {
  readonly #now: () => number;
  #aheadMs: number | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Milliseconds since 1970.
   *
   * @throws {RangeError} before the first answer
   */
  now(): number {
    if (this.#aheadMs === undefined) throw new RangeError("The API server has not answered yet");
    return this.#now() + this.#aheadMs;
  }

  /** Takes the time from a Date header. */
  observe(date: string | undefined): void {
    const ms = Date.parse(date ?? "");
    if (!Number.isNaN(ms)) this.#aheadMs = ms - this.#now();
  }
}

/** Sends a call of the generated client over the agent that its credentials have chosen. */
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
    // Otherwise a DELETE with a body, which this server reads, closes its connection.
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
