/** Listens for a service. */

import { ConfigError } from "./env.ts";
import { describeError, type Logger } from "./log.ts";

/** Where to listen. */
export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Is told where the service listens. */
  readonly onListen: (url: URL) => void;
  readonly log: Logger;
}

/** A service that listens. */
export interface Listener {
  readonly port: number;
  /** Takes no more connections; resolves when the requests that it has are answered. */
  shutdown(): Promise<void>;
}

/**
 * Serves HTTP. Deno ends a server for good when it cannot accept a connection, as at the limit of
 * open files. Then its connections are closed, which frees them, and the service listens again.
 *
 * @throws {ConfigError} when the address is not to be had, or not permitted
 */
export function listen(
  { host: hostname, port, onListen, log }: ListenOptions,
  handler: Deno.ServeHandler,
): Listener {
  const serve = (options: Deno.ServeTcpOptions) => {
    const connections = new AbortController();
    const server = Deno.serve({ ...options, hostname, signal: connections.signal }, handler);
    server.finished.catch((error) => {
      log.error({ error: describeError(error) }, "connections closed to listen again");
      connections.abort();
      current = serve({ port: server.addr.port, onListen() {} });
    });
    return server;
  };
  let current: Deno.HttpServer<Deno.NetAddr>;
  try {
    current = serve({ port, onListen: (address) => onListen(urlOf(address)) });
  } catch (cause) {
    throw new ConfigError(
      `Bad environment: HOST, PORT: cannot listen on ${hostname} port ${port} ` +
        `(${describeError(cause)})`,
      { cause },
    );
  }
  return { port: current.addr.port, shutdown: () => current.shutdown() };
}

function urlOf({ hostname, port }: Deno.NetAddr): URL {
  return new URL(`http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`);
}
