/**
 * Reads an HTTP answer from the bytes of a connection. Accepts only the form that the parts of the
 * service send: HTTP/1.1, a Content-Length, and sizes within bounds.
 */

/** Bounds on an answer. */
export interface HttpAnswerLimits {
  /** Most bytes of the status line and the headers. */
  readonly maxHeaderBytes: number;
  readonly maxBodyBytes: number;
}

/** A complete answer. */
export interface HttpAnswer {
  readonly statusCode: number;
  /** Names are in lower case. A header that was sent more than once has an array. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array<ArrayBuffer>;
  /** True when the connection can be used for another request. */
  readonly keepsOpen: boolean;
}

/** Error for bytes that are no such answer. Its message has no text of the server. */
export class BadHttpAnswer extends Error {
  override readonly name = "BadHttpAnswer";
}

const STATUS_LINE = /^HTTP\/1\.1 ([2-5]\d\d)(?: [\t\x20-\x7e]*)?$/;
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e]*)$/;
const LENGTH = /^\d{1,9}$/;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Reads an answer whose bytes arrive in pieces. Each byte is looked at once, however small they are. */
export class HttpAnswerReader {
  readonly #limits: HttpAnswerLimits;
  #searched = 0;
  #head: HttpHead | undefined;

  constructor(limits: HttpAnswerLimits) {
    this.#limits = limits;
  }

  /**
   * Reads an answer.
   *
   * @param bytes Everything that has arrived since the request was sent
   * @returns undefined when more bytes must arrive. The body is a copy
   * @throws {BadHttpAnswer} when no further bytes can make it an answer, and when bytes follow it
   */
  read(bytes: Uint8Array): HttpAnswer | undefined {
    this.#head ??= this.#readHead(bytes);
    if (this.#head === undefined) return undefined;
    const { start, end, ...head } = this.#head;
    if (bytes.length < end) return undefined;
    if (bytes.length > end) {
      throw new BadHttpAnswer("The server's answer is longer than its length");
    }
    return { ...head, body: bytes.slice(start, end) };
  }

  #readHead(bytes: Uint8Array): HttpHead | undefined {
    const { maxHeaderBytes, maxBodyBytes } = this.#limits;
    const head = bytes.subarray(0, maxHeaderBytes);
    const start = endOfHeaders(head, this.#searched);
    this.#searched = head.length;
    if (start !== undefined) return readHead(bytes.subarray(0, start), maxBodyBytes);
    if (head.length < maxHeaderBytes) return undefined;
    throw new BadHttpAnswer("The server's headers are too large");
  }
}

/** Everything before the body, and the place of the body. */
interface HttpHead extends Omit<HttpAnswer, "body"> {
  readonly start: number;
  readonly end: number;
}

/** Returns the index after the empty line that ends the headers. Looks at line feeds from `from` on. */
function endOfHeaders(bytes: Uint8Array, from: number): number | undefined {
  for (let at = bytes.indexOf(LINE_FEED, from); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) {
    const isEnd = at >= 3 && bytes[at - 1] === CARRIAGE_RETURN && bytes[at - 2] === LINE_FEED &&
      bytes[at - 3] === CARRIAGE_RETURN;
    if (isEnd) return at + 1;
  }
  return undefined;
}

function readHead(bytes: Uint8Array, maxBodyBytes: number): HttpHead {
  const [first, ...lines] = new TextDecoder().decode(bytes.subarray(0, -4)).split("\r\n");
  const [, status] = STATUS_LINE.exec(first!) ?? [];
  if (status === undefined) throw new BadHttpAnswer("The server's answer is not HTTP/1.1");
  const headers = readHeaders(lines);
  const { connection } = headers;
  const statusCode = Number(status);
  const length = bodyLength(statusCode, headers);
  if (length > maxBodyBytes) throw new BadHttpAnswer("The server's answer is too large");
  return {
    statusCode,
    headers,
    keepsOpen: connection === undefined || connection === "keep-alive",
    start: bytes.length,
    end: bytes.length + length,
  };
}

/** Without a length, the end of the connection would look like the end of the answer. */
function bodyLength(statusCode: number, headers: HttpAnswer["headers"]): number {
  // This status says that there is no body.
  const isEmpty = statusCode === 204;
  const { ["content-length"]: length = isEmpty ? "0" : undefined } = headers;
  if (typeof length !== "string" || !LENGTH.test(length) || "transfer-encoding" in headers) {
    throw new BadHttpAnswer("The server's answer has no length");
  }
  if (isEmpty && Number(length) > 0) throw new BadHttpAnswer("The server's answer has a body");
  return Number(length);
}

function readHeaders(lines: readonly string[]): Record<string, string | string[] | undefined> {
  const headers: Record<string, string | string[] | undefined> = Object.create(null);
  for (const line of lines) {
    const [, name, value] = HEADER_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      throw new BadHttpAnswer("A header of the server is malformed");
    }
    const key = name.toLowerCase();
    const before = headers[key];
    // An expression that left the spaces out would try them in each combination.
    const text = value.trim();
    headers[key] = before === undefined ? text : [before, text].flat();
  }
  return headers;
}
