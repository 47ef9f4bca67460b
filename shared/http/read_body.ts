/** Reads the body of a request, with limits on its size and its time. */

import { abortable } from "../abortable.ts";
import { Problem } from "../contract/problem.ts";

/** Bounds on a body. */
export interface BodyLimits {
  /** Largest size. A larger body is refused, and the rest of it is not read. */
  readonly maxBytes: number;
  /** Time in which the whole body must arrive. */
  readonly timeoutMs: number;
  /** Stops reading, for example because the client has disconnected. */
  readonly signal: AbortSignal;
  /** Called with the size of every piece that arrives. An error that it throws stops reading. */
  readonly arrived?: (bytes: number) => void;
}

/** Error for a body that ended early, because the client disconnected or sent malformed chunks. */
export class BodyEndedEarly extends Problem {
  /**
   * Makes the error.
   *
   * @param cause The runtime's error
   */
  constructor(cause: unknown) {
    super("invalid_request", "The request body ended early", { cause });
  }
}

/**
 * Reads the whole body.
 *
 * @throws {Problem} `payload_too_large`; nothing is read when Content-Length is already too large
 * @throws {Problem} `request_timeout`
 * @throws {BodyEndedEarly}
 * @throws the reason of `signal` when it aborts, or the error of `arrived`
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
  const reader = request.body.getReader();
  let pending = false;
  cleanup.defer(() => {
    // A pending read must not be cancelled: Deno would never free its buffer. Without a cancel, the
    // read ends when the connection ends.
    if (!pending) void reader.cancel().catch(() => {});
  });

  const body = new GrowingBytes(declared);
  const readAll = async () => {
    for (;;) {
      pending = true;
      const { done, value } = await reader.read().catch((cause) => endedEarly(cause, signal));
      pending = false;
      signal.throwIfAborted();
      if (done) return body.bytes;
      if (body.size + value.byteLength > limits.maxBytes) throw tooLarge();
      limits.arrived?.(value.byteLength);
      body.add(value);
    }
  };
  signal.throwIfAborted();
  return await abortable(readAll(), signal);
}

function endedEarly(cause: unknown, signal: AbortSignal): never {
  signal.throwIfAborted();
  throw new BodyEndedEarly(cause);
}

/** Returns the length in Content-Length, undefined when the header is missing or not a number. */
export function declaredLength(request: Request): number | undefined {
  const header = request.headers.get("Content-Length");
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

/**
 * Collects bytes in one array. When the array is full, it grows to the declared size, or else to
 * twice its size. So a stalled upload takes little, and a large one is copied only once. The pieces
 * are copied, not kept, because Deno reads even a piece of one byte into a buffer of 64 KiB.
 */
class GrowingBytes {
  #array = new Uint8Array(16 * 1024);
  readonly #declared: number;
  size = 0;

  constructor(declared = 0) {
    this.#declared = declared;
  }

  get bytes(): Uint8Array {
    return this.#array.subarray(0, this.size);
  }

  add(piece: Uint8Array): void {
    const needed = this.size + piece.byteLength;
    if (needed > this.#array.length) {
      const doubled = 2 * this.#array.length;
      const length = this.#declared >= needed ? this.#declared : Math.max(needed, doubled);
      const larger = new Uint8Array(length);
      larger.set(this.bytes);
      this.#array = larger;
    }
    this.#array.set(piece, this.size);
    this.size = needed;
  }
}
