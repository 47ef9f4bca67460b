/** Reads the body of a request, with limits on its size and its time. */

import { setImmediate as pause } from "node:timers/promises";
import { abortable } from "../abortable.ts";
import { Problem } from "../contract/problem.ts";
import { startTimeLimit } from "../time_limit.ts";

/** Number of pieces of a body whose size does not matter. */
const PIECES_OF_ANY_SIZE = 1000;
/**
 * Smallest mean size of the pieces of a body that has more of them. Reading a piece takes about
 * 20 µs of CPU, even if it has only one byte. A network packet has at least 500 bytes.
 */
const MIN_MEAN_PIECE_BYTES = 256;
const PIECES_WITHOUT_PAUSE = 32;
/** A body that declares at most this size is read by one call, which costs half as much. */
const SMALL_BODY_BYTES = 64 * 1024;

/** Bounds on a body. */
export interface BodyLimits {
  /** Largest size. A larger body is refused, and the rest of it is not read. */
  readonly maxBytes: number;
  /** Time in which the whole body must arrive. */
  readonly timeoutMs: number;
  /** Stops reading, for example because the client has disconnected. */
  readonly signal: AbortSignal;
  /**
   * Called with the size of every piece that arrives, and once with the size of a small body. An error
   * that it throws stops reading.
   */
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
 * @throws {Problem} `invalid_request` for more than 1,000 pieces of less than 256 bytes on average,
 * unless the body declares a small size
 * @throws {BodyEndedEarly}
 * @throws the reason of `signal` when it aborts, or the error of `arrived`
 */
export async function readBody(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  const tooLarge = () =>
    new Problem("payload_too_large", `The body is larger than ${limits.maxBytes} bytes`);
  const declared = declaredLength(request);
  if (declared !== undefined && declared > limits.maxBytes) throw tooLarge();
  const isSmall = declared !== undefined && declared > 0 && declared <= SMALL_BODY_BYTES &&
    !request.headers.has("Transfer-Encoding");
  // For a small body, Deno then need not make a stream.
  if (!isSmall && request.body === null) return new Uint8Array();

  using cleanup = new DisposableStack();
  const deadline = cleanup.use(
    startTimeLimit(
      limits.timeoutMs,
      () => new Problem("request_timeout", `The body did not arrive within ${limits.timeoutMs} ms`),
    ),
  );
  const signal = AbortSignal.any([limits.signal, deadline.signal]);
  signal.throwIfAborted();
  if (isSmall) {
    const bytes = await abortable(request.bytes(), signal)
      .catch((cause) => endedEarly(cause, signal));
    if (bytes.length > limits.maxBytes) throw tooLarge();
    limits.arrived?.(bytes.length);
    return bytes;
  }
  const reader = openReader(request.body!);
  let pending = false;
  cleanup.defer(() => {
    // A pending read must not be cancelled: Deno would never free its buffer. Without a cancel, the
    // read ends when the connection ends.
    if (!pending) void reader.cancel().catch(() => {});
  });

  const body = new GrowingBytes(declared);
  const readAll = async () => {
    for (let pieces = 1;; pieces++) {
      pending = true;
      const { done, value } = await reader.next().catch((cause) => endedEarly(cause, signal));
      pending = false;
      signal.throwIfAborted();
      if (done || value === undefined) return body.bytes;
      if (body.size + value.byteLength > limits.maxBytes) throw tooLarge();
      limits.arrived?.(value.byteLength);
      body.add(value);
      if (pieces > PIECES_OF_ANY_SIZE && body.size / pieces < MIN_MEAN_PIECE_BYTES) {
        throw new Problem("invalid_request", "The body arrives in pieces that are too small");
      }
      // Pieces that have arrived are read without a pause, so other requests would have to wait.
      if (pieces % PIECES_WITHOUT_PAUSE === 0) await pause();
    }
  };
  return await abortable(readAll(), signal);
}

/** Bytes that are read at once. */
const READ_BYTES = 64 * 1024;

/** Reads pieces of a body. A piece is valid until the next one is read. */
interface PieceReader {
  next(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

/** Reads from the network into one buffer. Otherwise every piece would need a buffer of its own. */
function openReader(body: ReadableStream<Uint8Array>): PieceReader {
  let reader: ReadableStreamBYOBReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    // Only a body from the network is a stream of bytes.
    const reader = body.getReader();
    return { next: () => reader.read(), cancel: () => reader.cancel() };
  }
  let buffer = new ArrayBuffer(READ_BYTES);
  return {
    async next() {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (value !== undefined) buffer = value.buffer;
      return { done, value };
    },
    cancel: () => reader.cancel(),
  };
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
