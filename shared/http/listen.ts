/** Listens for HTTP requests, and listens again after a failure. */

import { backoffMs, delay } from "../backoff.ts";
import { ConfigError } from "../env.ts";
import { describeError, type Logger } from "../log.ts";

const BACKOFF = { firstMs: 50, maxMs: 2000 };

/** Settings of {@linkcode listen}. */
export interface ListenOptions {
  readonly host: string;
  /** Port to listen on; 0 takes any free port. */
  readonly port: number;
  /** Called once with the address that the service listens on. */
  readonly onListen: (url: URL) => void;
  readonly log: Logger;
}

/** A service that listens. */
export interface Listener {
  readonly port: number;
  /** Accepts no more connections. Resolves when all requests are answered. */
  shutdown(): Promise<void>;
}

/**
 * Serves HTTP. Deno stops a server when it cannot accept a connection, for example at the limit of
 * open files. This function then closes all connections, which frees files, and listens again.
 *
 * @throws {ConfigError} when the address is in use, does not exist or is not permitted
 */
export function listen(
  { host: hostname, port, onListen, log }: ListenOptions,
  handler: Deno.ServeHandler,
): Listener {
  const serve = (options: Deno.ServeTcpOptions) => {
    const connections = new AbortController();
    const server = Deno.serve({ ...options, hostname, signal: connections.signal }, handler);
    server.finished.catch((error) => {
      log.error(
        { error: describeError(error) },
        "accept failed; closing all connections and listening again",
      );
      connections.abort();
      void listenAgain(server.addr.port);
    });
    return server;
  };
  const listenAgain = async (port: number) => {
    for (let failures = 1; !ended.signal.aborted; failures++) {
      try {
        current = serve({ port, onListen() {} });
        return;
      } catch (error) {
        log.error({ error: describeError(error), failures }, "cannot listen again, retrying");
        // Another process may have taken the port or the files for a moment.
        await delay(backoffMs(failures, BACKOFF, Math.random()), ended.signal).catch(() => {});
      }
    }
  };
  const ended = new AbortController();
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
  return {
    port: current.addr.port,
    shutdown() {
      ended.abort();
      return current.shutdown();
    },
  };
}

function urlOf({ hostname, port }: Deno.NetAddr): URL {
  return new URL(`http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`);
}
