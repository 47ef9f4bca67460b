/** Speaks HTTP byte by byte, for requests that fetch would not send. */

import type { Answer } from "./answer.ts";

/** A test fails when a response takes longer. Every response of the service takes less time. */
const HANGS_AFTER_MS = 30_000;

/** A connection on which a test can write any bytes. Disposing of it closes the connection. */
export class RawConnection implements Disposable {
  readonly #connection: Deno.TcpConn;
  #received = "";

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Connects to the address of a service. */
  static async open(url: URL): Promise<RawConnection> {
    const address = { hostname: url.hostname, port: Number(url.port) };
    return new RawConnection(await Deno.connect(address));
  }

  /**
   * Writes the parts. It is no error when the service closes the connection before it has read
   * everything.
   */
  async send(...parts: readonly (string | Uint8Array)[]): Promise<void> {
    try {
      for (const part of parts) {
        let bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
        while (bytes.byteLength > 0) {
          bytes = bytes.subarray(await this.#connection.write(bytes));
        }
      }
    } catch (error) {
      if (!isClosed(error)) throw error;
    }
  }

  /**
   * Waits for the next response.
   *
   * @returns undefined when the service closes the connection instead
   * @throws {Error} when the service does neither within 30 s
   */
  async answer(): Promise<Answer | undefined> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new Error(`No complete response within 30 s, only ${JSON.stringify(this.#received)}`));
    }, HANGS_AFTER_MS);
    using _cleanup = { [Symbol.dispose]: () => clearTimeout(timer) };
    const buffer = new Uint8Array(64 * 1024);
    for (;;) {
      const answer = this.#takeAnswer();
      if (answer !== undefined) return answer;
      const read = this.#connection.read(buffer).catch((error) => {
        if (isClosed(error)) return null;
        throw error;
      });
      const size = await Promise.race([read, promise]);
      if (size === null) return undefined;
      this.#received += new TextDecoder().decode(buffer.subarray(0, size));
    }
  }

  /** Tells the service that the test will send no more bytes. */
  async end(): Promise<void> {
    // The service may have closed the connection already.
    await this.#connection.closeWrite().catch((error) => {
      if (!isClosed(error)) throw error;
    });
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }

  #takeAnswer(): Answer | undefined {
    const [all, head, rest] = /^HTTP\/1\.[01] (.+?)\r\n\r\n(.*)$/s.exec(this.#received) ?? [];
    if (all === undefined) return undefined;
    const [status, ...lines] = head!.split("\r\n");
    const headers = new Headers(lines.map((line) => line.split(": ", 2) as [string, string]));
    const length = Number(headers.get("Content-Length"));
    if (rest!.length < length) return undefined;
    this.#received = rest!.slice(length);
    return { status: Number(status!.slice(0, 3)), headers, text: rest!.slice(0, length) };
  }
}

/**
 * Posts to /authenticate, with headers and a body that fetch would not send.
 *
 * @param headers Header lines, the empty line after them, and possibly the first bytes of the body
 */
export async function postRaw(
  service: URL,
  headers: string,
  body: string | Uint8Array = "",
): Promise<Answer> {
  using connection = await RawConnection.open(service);
  const head = `POST /authenticate HTTP/1.1\r\nHost: ${service.host}\r\n${headers}`;
  // Do not wait: the service can answer before it has read everything.
  void connection.send(head, body);
  const answer = await connection.answer();
  if (answer === undefined) throw new Error("The connection ended without a response");
  return answer;
}

function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted;
}
