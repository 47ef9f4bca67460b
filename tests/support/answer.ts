/** Sends requests to /authenticate, and reads HTTP responses to their end. */

/** An HTTP response, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Parts of a request other than its body. */
export interface PostOptions {
  /** Value of the header Content-Type. Default: the request has no such header. */
  readonly contentType?: string | undefined;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
}

/** Sends a POST request to /authenticate of a service. */
export function postTo(
  service: URL,
  body: Uint8Array | string | FormData,
  options: PostOptions = {},
): Promise<Answer> {
  const url = new URL("/authenticate", service);
  url.search = new URLSearchParams(options.query).toString();
  const headers = new Headers(options.headers);
  if (options.contentType !== undefined) headers.set("Content-Type", options.contentType);
  return readAnswer(fetch(url, { method: "POST", body: body as BodyInit, headers }));
}

/** Reads a response to its end. */
export async function readAnswer(pending: Promise<Response>): Promise<Answer> {
  const response = await pending;
  return { status: response.status, headers: response.headers, text: await response.text() };
}
