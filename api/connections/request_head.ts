/** Writes the part of an HTTP/1.1 request that is before its body. */

/** A request to a server. */
export interface HttpRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  /** Address of the server: http, a host and a port. */
  readonly origin: URL;
  /** Path and query. They are sent as they are. */
  readonly path: string;
  /** Printable characters of ASCII. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
}

const PATH = /^\/[\x21-\x7e]*$/;
const PRINTABLE = /^[\x20-\x7e]*$/;

/**
 * Returns the request line, the headers, and the empty line after them.
 *
 * @throws {TypeError} when the path or a header could add a line
 */
export function requestHead({ method, origin, path, headers, body }: HttpRequest): string {
  if (!PATH.test(path)) throw new TypeError("The path is not printable");
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${origin.host}\r\n`;
  // A request with one of these methods has a body, which can be empty.
  const hasBody = body !== undefined || method === "POST" || method === "PUT";
  if (hasBody) head += `content-length: ${body?.length ?? 0}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (!PRINTABLE.test(value)) throw new TypeError(`The header ${name} is not printable`);
    head += `${name}: ${value}\r\n`;
  }
  return `${head}\r\n`;
}
