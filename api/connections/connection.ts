/** A TCP connection to a server that carries one call at a time. */

import { type HttpAnswer, type HttpAnswerLimits, HttpAnswerReader } from "./http_answer.ts";

/** Memory that a connection has for an answer, before it needs more. */
const FIRST_BYTES = 16 * 1024;
/** A larger body is written in a call of its own, so that it is not copied. */
const MAX_COPIED_BYTES = 64 * 1024;

/** The text before a body, and the body. */
export interface SentRequest {
  readonly head: string;
  readonly body: Uint8Array | undefined;
}

/**
 * A connection. It is always being read, so its end is noticed, unless it ends in the moment in which
 * the next request is sent.
 */
export class Connection {
  readonly #tcp: Deno.TcpConn;
  readonly #onClose: () => void;
  /** The bytes that have arrived. Those of an answer that is read or refused are overwritten. */
  #buffer = new Uint8Array(FIRST_BYTES);
  #reading: Promise<number>;
  #isBusy = false;
  #wasUsed = true;
  isOpen = true;

  constructor(tcp: Deno.TcpConn, onClose: () => void) {
    this.#tcp = tcp;
    this.#onClose = onClose;
    this.#reading = this.#read(0);
  }

  /**
   * Sends a request, and returns the answer.
   *
   * @throws the signal's reason
   * @throws any error when there was no answer within the limits. The connection is then closed
   */
  async send(
    request: SentRequest,
    limits: HttpAnswerLimits,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    this.#isBusy = this.#wasUsed = true;
    const abort = () => this.close();
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    let answer: HttpAnswer | undefined;
    try {
      let isSent = false;
      // A server that refuses a request answers before it has read the whole body.
      const sending = this.#send(request).then(() => void (isSent = true));
      sending.catch(() => {});
      const reader = new HttpAnswerReader(limits);
      let size = 0;
      while (answer === undefined) {
        size += await this.#reading;
        // An abort overwrites what has arrived.
        if (!this.isOpen) throw new Error("The connection was closed");
        answer = reader.read(this.#buffer.subarray(0, size));
        if (answer === undefined) this.#reading = this.#read(this.#makeRoom(size, limits));
      }
      this.#forget(size);
      if (!answer.keepsOpen || !isSent) this.close();
      else this.#reading = this.#read(0);
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", abort);
      if (answer === undefined) this.close();
      this.#isBusy = false;
    }
  }

  /** True when it is closed, or was not used since the last call of this method. Closes it then. */
  isOld(): boolean {
    if (!this.#wasUsed) this.close();
    this.#wasUsed = false;
    return !this.isOpen;
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#onClose();
    this.#tcp.close();
    this.#buffer.fill(0);
  }

  async #send({ head, body }: SentRequest): Promise<void> {
    const first = new TextEncoder().encode(head);
    if (body === undefined) return await this.#write(first);
    if (body.length > MAX_COPIED_BYTES) {
      await this.#write(first);
      await this.#write(body);
      return;
    }
    const whole = new Uint8Array(first.length + body.length);
    whole.set(first);
    whole.set(body, first.length);
    try {
      await this.#write(whole);
    } finally {
      // The body can be an embedding.
      whole.fill(0);
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#tcp.write(bytes.subarray(at));
  }

  /** Reads to a place in the buffer. Rejects at the end of the connection. */
  #read(at: number): Promise<number> {
    const reading = this.#tcp.read(this.#buffer.subarray(at)).then((size) => {
      // Between two requests, a server sends nothing.
      if (size !== null && this.#isBusy) return size;
      throw new Error("The server closed the connection");
    });
    reading.catch(() => this.close());
    return reading;
  }

  /** Makes the buffer larger when it is full, up to the largest answer and one byte too many. */
  #makeRoom(size: number, { maxHeaderBytes, maxBodyBytes }: HttpAnswerLimits): number {
    if (size < this.#buffer.length) return size;
    const larger = new Uint8Array(Math.min(2 * size, maxHeaderBytes + maxBodyBytes + 1));
    larger.set(this.#buffer);
    this.#buffer.fill(0);
    this.#buffer = larger;
    return size;
  }

  /** Overwrites what has arrived, and gives a large buffer back. */
  #forget(size: number): void {
    this.#buffer.fill(0, 0, size);
    if (this.#buffer.length > FIRST_BYTES) this.#buffer = new Uint8Array(FIRST_BYTES);
  }
}
