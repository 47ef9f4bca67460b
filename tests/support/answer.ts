/** HTTP responses read to their end, and requests to /authenticate that return them. */

/** An HTTP response, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Parts of a request beside its body. */
export interface PostOptions {
  /** Without it the request has no Content-Type. */
  readonly contentType?: string | undefined;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
}

/** Posts to the /authenticate of a service. */
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
