/**
 * Sends requests to workers over TCP connections that are kept. An HTTP client for everybody costs more
 * CPU time than all other parts of a call: see ADR 3.
 */

import { type HttpAnswer, type HttpAnswerLimits, HttpAnswerReader } from "./http_answer.ts";
import { abortable } from "../../shared/abortable.ts";
import { startTimeLimit } from "../../shared/time_limit.ts";

/** A request to a worker. */
export interface WorkerCall {
  readonly url: URL;
  /** Printable characters of ASCII. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Ends the call. */
  readonly signal: AbortSignal;
}

/** Error for a request of which no byte was sent. */
export class NotConnected extends Error {
  override readonly name = "NotConnected";
}

/** Connections to workers. */
export interface WorkerConnections extends Disposable {
  /** Number of open connections. */
  readonly open: number;
  /**
   * Sends a POST request, and returns the answer.
   *
   * @throws {NotConnected} when the worker could not be reached
   * @throws any error when the worker has not answered, or not with an answer within the bounds
   */
  post(call: WorkerCall): Promise<HttpAnswer>;
}

/** Settings of {@linkcode openWorkerConnections}. */
export interface ConnectionOptions extends HttpAnswerLimits {
  readonly connectTimeoutMs: number;
  /** A connection that nobody has used for this time is closed: its worker may be gone. */
  readonly keptMs?: number;
  readonly connect?: Connect;
}

/** Opens a connection. */
export type Connect = (to: Deno.ConnectOptions) => Promise<Deno.TcpConn>;

const KEPT_MS = 5000;
/** A larger body is written in a call of its own, so that it is not copied. */
const MAX_COPIED_BYTES = 64 * 1024;

const PRINTABLE = /^[\x20-\x7e]*$/;

/** Makes the connections. None is open before the first request. */
export function openWorkerConnections(options: ConnectionOptions): WorkerConnections {
  const { keptMs = KEPT_MS } = options;
  const idle = new Map<string, Connection[]>();
  const all = new Set<Connection>();
  let sweep: ReturnType<typeof setTimeout> | undefined;
  let isDisposed = false;

  const takeIdle = (host: string): Connection | undefined => {
    for (let found = idle.get(host)?.pop(); found; found = idle.get(host)?.pop()) {
      if (found.isOpen) return found;
    }
    return undefined;
  };
  const connectTo = async (url: URL, signal: AbortSignal): Promise<Connection> => {
    const tcp = await openTcp(url, signal, options);
    if (isDisposed) {
      tcp.close();
      throw new NotConnected("The connections have ended");
    }
    const connection = new Connection(tcp, options, () => all.delete(connection));
    all.add(connection);
    return connection;
  };
  const keep = (host: string, connection: Connection) => {
    const others = idle.get(host);
    if (others === undefined) idle.set(host, [connection]);
    else others.push(connection);
    sweep ??= setTimeout(closeOld, keptMs);
  };
  /** Closes the connections that were idle since the last call. */
  const closeOld = () => {
    for (const [host, connections] of idle) {
      const recent = connections.filter((connection) => !connection.isOld());
      if (recent.length > 0) idle.set(host, recent);
      else idle.delete(host);
    }
    sweep = idle.size > 0 ? setTimeout(closeOld, keptMs) : undefined;
  };
  return {
    get open() {
      return all.size;
    },

    async post({ url, headers, body, signal }) {
      signal.throwIfAborted();
      const { host } = url;
      const head = headOf(url, headers, body.length);
      const connection = takeIdle(host) ?? await connectTo(url, signal);
      const answer = await connection.post(head, body, signal);
      if (connection.isOpen) keep(host, connection);
      return answer;
    },

    [Symbol.dispose]() {
      isDisposed = true;
      clearTimeout(sweep);
      for (const connection of all) connection.close();
    },
  };
}

/** A connection with one request at a time. It is always being read, so its end is noticed. */
class Connection {
  readonly #tcp: Deno.TcpConn;
  readonly #limits: HttpAnswerLimits;
  readonly #onClose: () => void;
  /** Has room for the largest answer, and for one byte that makes it too large. */
  readonly #buffer: Uint8Array;
  #reading: Promise<number>;
  #isBusy = false;
  #wasUsed = true;
  isOpen = true;

  constructor(tcp: Deno.TcpConn, limits: HttpAnswerLimits, onClose: () => void) {
    this.#tcp = tcp;
    this.#limits = limits;
    this.#onClose = onClose;
    this.#buffer = new Uint8Array(limits.maxHeaderBytes + limits.maxBodyBytes + 1);
    this.#reading = this.#read(0);
  }

  async post(head: string, body: Uint8Array, signal: AbortSignal): Promise<HttpAnswer> {
    this.#isBusy = this.#wasUsed = true;
    const abort = () => this.close();
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    let answer: HttpAnswer | undefined;
    try {
      let isSent = false;
      // A worker that refuses a request answers before it has read the whole body.
      const sending = this.#send(head, body).then(() => void (isSent = true));
      sending.catch(() => {});
      const reader = new HttpAnswerReader(this.#limits);
      for (let size = 0; answer === undefined;) {
        size += await this.#reading;
        answer = reader.read(this.#buffer.subarray(0, size));
        if (answer === undefined) this.#reading = this.#read(size);
        else this.#buffer.fill(0, 0, size);
      }
      if (!answer.keepsOpen || !isSent) this.close();
      else this.#reading = this.#read(0);
      return answer;
    } finally {
      signal.removeEventListener("abort", abort);
      if (answer === undefined) this.close();
      this.#isBusy = false;
    }
  }

  /** True when it is closed, or was not used since the last call. Closes it then. */
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

  async #send(head: string, body: Uint8Array): Promise<void> {
    const first = new TextEncoder().encode(head);
    if (body.length > MAX_COPIED_BYTES) {
      await this.#write(first);
      await this.#write(body);
      return;
    }
    const whole = new Uint8Array(first.length + body.length);
    whole.set(first);
    whole.set(body, first.length);
    await this.#write(whole);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#tcp.write(bytes.subarray(at));
  }

  /** Reads to a place in the buffer. Rejects at the end of the connection. */
  #read(at: number): Promise<number> {
    const reading = this.#tcp.read(this.#buffer.subarray(at)).then((size) => {
      // Between two requests, a worker sends nothing.
      if (size !== null && this.#isBusy) return size;
      throw new Error("The worker closed the connection");
    });
    reading.catch(() => this.close());
    return reading;
  }
}

async function openTcp(
  { hostname, port }: URL,
  signal: AbortSignal,
  { connectTimeoutMs, connect = Deno.connect }: ConnectionOptions,
): Promise<Deno.TcpConn> {
  const connecting = connect({
    hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port || 80),
  });
  using limit = startTimeLimit(connectTimeoutMs, () => new NotConnected("No connection in time"));
  try {
    const tcp = await abortable(abortable(connecting, signal), limit.signal);
    tcp.setNoDelay(true);
    return tcp;
  } catch (cause) {
    void connecting.then((tcp) => tcp.close(), () => {});
    signal.throwIfAborted();
    throw cause instanceof NotConnected
      ? cause
      : new NotConnected("The worker could not be reached", { cause });
  }
}

function headOf(url: URL, headers: Readonly<Record<string, string>>, length: number): string {
  const { host, pathname, search } = url;
  let head = `POST ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${length}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (!PRINTABLE.test(value)) throw new TypeError(`The header ${name} is not printable`);
    head += `${name}: ${value}\r\n`;
  }
  return `${head}\r\n`;
}
