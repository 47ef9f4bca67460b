/** Asks a service whose face is in a picture, over connections that are kept. */

import { Pool } from "undici";

/** A request to `POST /authenticate`. */
export interface AuthenticateRequest {
  readonly contentType: string;
  readonly body: Uint8Array | string;
}

/** A client. Disposing of it closes the connections. */
export interface Client extends AsyncDisposable {
  /** Sends the next request. Rejects when the status is not 200. */
  ask(): Promise<void>;
}

/** Sends a JPEG as it is. */
export const jpegRequest = (body: Uint8Array): AuthenticateRequest => ({
  contentType: "image/jpeg",
  body,
});

/** Sends a picture in JSON, which takes every type of picture. */
export const jsonRequest = (picture: Uint8Array<ArrayBuffer>): AuthenticateRequest => ({
  contentType: "application/json",
  body: JSON.stringify({ image_base64: picture.toBase64() }),
});

/** Opens a client that sends the requests in their order, again and again. */
export function openClient(
  url: URL,
  requests: readonly [AuthenticateRequest, ...AuthenticateRequest[]],
  connections: number,
): Client {
  const pool = new Pool(url.origin, { connections });
  let sent = 0;
  return {
    async ask() {
      const { contentType, body } = requests[sent++ % requests.length]!;
      const response = await pool.request({
        method: "POST",
        path: "/authenticate",
        headers: { "content-type": contentType },
        body,
      });
      const text = await response.body.text();
      if (response.statusCode !== 200) {
        throw new Error(`Expected status 200: ${url} answered ${response.statusCode} ${text}`);
      }
    },
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}
