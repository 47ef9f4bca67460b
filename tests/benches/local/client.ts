/** Asks a service whose face is in a picture, over connections that are kept. */

import { Pool } from "undici";

/** A client with one picture. Disposing of it closes the connections. */
export interface Client extends AsyncDisposable {
  /** Sends the picture. Rejects when the status is not 200. */
  ask(): Promise<void>;
}

/** Opens a client for a picture that is a JPEG. */
export function openClient(url: URL, picture: Uint8Array, connections: number): Client {
  const pool = new Pool(url.origin, { connections });
  return {
    async ask() {
      const { statusCode, body } = await pool.request({
        method: "POST",
        path: "/authenticate",
        headers: { "content-type": "image/jpeg" },
        body: picture,
      });
      const text = await body.text();
      if (statusCode !== 200) {
        throw new Error(`Expected status 200: the service answered ${statusCode} ${text}`);
      }
    },
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}
