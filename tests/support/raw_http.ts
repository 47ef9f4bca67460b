/** HTTP by hand, for what fetch would not send. */

import type { Answer } from "./service.ts";

/** Longer than anything in the service takes: who has no answer by then hangs. */
const HANGS_AFTER_MS = 30_000;

/** A connection on which a test writes what it likes. */
export class RawConnection implements Disposable {
  readonly #connection: Deno.TcpConn;
  #received = "";

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Connects to where a service listens. */
  static async open(url: URL): Promise<RawConnection> {
    const address = { hostname: url.hostname, port: Number(url.port) };
    return new RawConnection(await Deno.connect(address));
  }

  /** Writes as much as the service takes: it may answer and close before it has read all. */
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
   * Waits for the next answer.
   *
   * @returns undefined when the service closes the connection instead
   * @throws when neither happens
   */
  async answer(): Promise<Answer | undefined> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(new Error(`Neither an answer nor an end, after ${JSON.stringify(this.#received)}`));
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

  /** Says that nothing more will be sent. */
  async end(): Promise<void> {
    // The service may have closed it altogether.
    await this.#connection.closeWrite().catch((error) => {
      if (!isClosed(error)) throw error;
    });
  }

  /** Hangs up. */
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

function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted;
}
