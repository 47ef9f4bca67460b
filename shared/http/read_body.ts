/** Reads a request's body within a size and a time. */

import { Problem } from "../contract/problem.ts";

/** Bounds on a body. */
export interface BodyLimits {
  /** Above this many bytes the body is refused and the rest not read. */
  readonly maxBytes: number;
  /** The whole body must have arrived after this long. */
  readonly timeoutMs: number;
  /** Ends the reading early, for example because the client went away. */
  readonly signal: AbortSignal;
  /** Is told of every piece; what it throws ends the reading. */
  readonly arrived?: (bytes: number) => void;
}

/** The connection ended before the body did, or what came was no body by the rules of HTTP. */
export class BodyBrokenOff extends Problem {
  /**
   * A body without its end.
   *
   * @param cause What the runtime says of it
   */
  constructor(cause: unknown) {
    super("invalid_request", "The body broke off before its end", { cause });
  }
}

/**
 * Reads the whole body.
 *
 * @throws {Problem} `payload_too_large` (known from Content-Length before anything is read),
 * `request_timeout`
 * @throws {BodyBrokenOff}
 * @throws the reason of `signal`, when that ends it, or what `arrived` throws
 */
export async function readBody(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  const tooLarge = () =>
    new Problem("payload_too_large", `The body is larger than ${limits.maxBytes} bytes`);
  const declared = declaredLength(request);
  if (declared !== undefined && declared > limits.maxBytes) throw tooLarge();
  if (request.body === null) return new Uint8Array();

  using cleanup = new DisposableStack();
  const deadline = new AbortController();
  const timer = setTimeout(() => {
    deadline.abort(
      new Problem("request_timeout", `The body did not arrive within ${limits.timeoutMs} ms`),
    );
  }, limits.timeoutMs);
  cleanup.defer(() => clearTimeout(timer));

  const signal = AbortSignal.any([limits.signal, deadline.signal]);
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  cleanup.defer(() => signal.removeEventListener("abort", abort));

  const reader = request.body.getReader();
  let pending = false;
  cleanup.defer(() => {
    // Deno never frees the buffer of a read that is cancelled while it is pending. Left alone, that
    // read ends with its connection.
    if (!pending) void reader.cancel().catch(() => {});
  });

  const body = new GrowingBytes();
  const readAll = async () => {
    for (;;) {
      pending = true;
      const { done, value } = await reader.read().catch((cause) => brokenOff(cause, signal));
      pending = false;
      // Nobody waits for the rest any more.
      signal.throwIfAborted();
      if (done) return body.bytes;
      if (body.size + value.byteLength > limits.maxBytes) throw tooLarge();
      limits.arrived?.(value.byteLength);
      body.add(value);
    }
  };
  signal.throwIfAborted();
  // One race for the whole body: one for each piece would keep all pieces until it is over.
  return await Promise.race([readAll(), aborted.promise]);
}

function brokenOff(cause: unknown, signal: AbortSignal): never {
  signal.throwIfAborted();
  throw new BodyBrokenOff(cause);
}

/** The body's length as the client declares it, undefined when it does not. */
export function declaredLength(request: Request): number | undefined {
  const header = request.headers.get("Content-Length");
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

/**
 * Bytes in one array that doubles when it is full. Kept as they come, pieces of one byte would hold
 * the 64 KiB each that Deno reads into.
 */
class GrowingBytes {
  #array = new Uint8Array(16 * 1024);
  size = 0;

  get bytes(): Uint8Array {
    return this.#array.subarray(0, this.size);
  }

  add(piece: Uint8Array): void {
    const needed = this.size + piece.byteLength;
    if (needed > this.#array.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#array.length));
      larger.set(this.bytes);
      this.#array = larger;
    }
    this.#array.set(piece, this.size);
    this.size = needed;
  }
}
