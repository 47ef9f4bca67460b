/** Opens TCP connections to servers, within a time. */

import { abortable } from "../../shared/abortable.ts";
import { startTimeLimit } from "../../shared/time_limit.ts";

/** Error for a call of which no byte was sent. */
export class NotConnected extends Error {
  override readonly name = "NotConnected";
}

/** Opens a connection. */
export type Connect = (to: Deno.ConnectOptions) => Promise<Deno.TcpConn>;

/** Settings of {@linkcode openSocket}. */
export interface SocketOptions {
  readonly connectTimeoutMs: number;
  readonly connect?: Connect;
}

/**
 * Opens a connection to the host and the port of a URL.
 *
 * @throws {TypeError} for a URL that is not http: a connection has no TLS
 * @throws {NotConnected} when the server cannot be reached in time
 * @throws the signal's reason
 */
export async function openSocket(
  { protocol, hostname, port }: URL,
  signal: AbortSignal,
  { connectTimeoutMs, connect = Deno.connect }: SocketOptions,
): Promise<Deno.TcpConn> {
  if (protocol !== "http:") throw new TypeError("Only http is supported");
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
      : new NotConnected("The server could not be reached", { cause });
  }
}
