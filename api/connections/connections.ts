/**
 * Sends HTTP calls to other parts of the service over TCP connections that are kept. An HTTP client for
 * everybody costs more CPU time than all other parts of a call: see ADR 3.
 */

import { Connection } from "./connection.ts";
import type { HttpAnswer } from "./http_answer.ts";
import { NotConnected, openSocket, type SocketOptions } from "./open_socket.ts";
import { type HttpRequest, requestHead } from "./request_head.ts";

export { NotConnected };

/** A call to a server. */
export interface HttpCall extends HttpRequest {
  /** Most bytes of the answer's body. */
  readonly maxBodyBytes: number;
  /** Ends the call. */
  readonly signal: AbortSignal;
}

/** Connections to servers. */
export interface Connections extends Disposable {
  /** Number of open connections. */
  readonly open: number;
  /**
   * Sends a call once, and returns the answer.
   *
   * @throws {NotConnected} when the server could not be reached: no byte of the call was sent
   * @throws the signal's reason
   * @throws any error when the server has not answered, or not with an answer within the bounds
   */
  send(call: HttpCall): Promise<HttpAnswer>;
}

/** Settings of {@linkcode openConnections}. */
export interface ConnectionOptions extends SocketOptions {
  /** Most bytes of the status line and the headers of an answer. */
  readonly maxHeaderBytes: number;
  /**
   * A connection that nobody has used for this time is closed, at the latest after twice this time:
   * its server may be gone.
   */
  readonly keptMs?: number;
  /** Most connections to one server that are kept while no call uses them. */
  readonly maxIdle?: number;
}

const KEPT_MS = 5000;
const MAX_IDLE = 32;

/** Makes the connections. None is open before the first call. */
export function openConnections(options: ConnectionOptions): Connections {
  const { maxHeaderBytes, keptMs = KEPT_MS, maxIdle = MAX_IDLE } = options;
  const idle = new Map<string, Connection[]>();
  const all = new Set<Connection>();
  let sweep: ReturnType<typeof setTimeout> | undefined;
  let isDisposed = false;

  /** Returns the connection that was used last: the least likely one to be closed soon. */
  const takeIdle = (host: string): Connection | undefined => {
    for (let found = idle.get(host)?.pop(); found; found = idle.get(host)?.pop()) {
      if (found.isOpen) return found;
    }
    return undefined;
  };
  const connectTo = async (origin: URL, signal: AbortSignal): Promise<Connection> => {
    const tcp = await openSocket(origin, signal, options);
    if (isDisposed) {
      tcp.close();
      throw new NotConnected("The connections have ended");
    }
    const connection = new Connection(tcp, () => all.delete(connection));
    all.add(connection);
    return connection;
  };
  const keep = (host: string, connection: Connection) => {
    const others = idle.get(host)?.filter(({ isOpen }) => isOpen) ?? [];
    if (others.length >= maxIdle) return connection.close();
    idle.set(host, [...others, connection]);
    sweep ??= setTimeout(closeOld, keptMs);
  };
  /** Closes the connections that were idle since the last sweep. */
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

    async send(call) {
      const { origin, body, maxBodyBytes, signal } = call;
      signal.throwIfAborted();
      const { host } = origin;
      const head = requestHead(call);
      const connection = takeIdle(host) ?? await connectTo(origin, signal);
      const answer = await connection.send(
        { head, body },
        { maxHeaderBytes, maxBodyBytes },
        signal,
      );
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
