/** Listens for a service. */

import { backoffMs, delay } from "../backoff.ts";
import { ConfigError } from "../env.ts";
import { describeError, type Logger } from "../log.ts";

const BACKOFF = { firstMs: 50, maxMs: 2000 };

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
        log.error({ error: describeError(error), failures }, "cannot listen again yet");
        // Whoever else wants files or the port has them for a moment.
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
