/** Listens for HTTP requests, and listens again after a failure. */

import { backoffMs, delay } from "../backoff.ts";
import { ConfigError } from "../env.ts";
import { describeError, type Logger } from "../log.ts";

const BACKOFF = { firstMs: 50, maxMs: 2000 };
/** Codes of the errors with which a kernel without IPv6 refuses to listen on `::`. */
const NO_IPV6_CODES: ReadonlySet<unknown> = new Set(["EAFNOSUPPORT", "EADDRNOTAVAIL"]);

/** Settings of {@linkcode listen}. */
export interface ListenOptions {
  readonly host: string;
  /** Port to listen on; 0 takes any free port. */
  readonly port: number;
  /** Called once with the address that the service listens on. */
  readonly onListen: (url: URL) => void;
  readonly log: Logger;
  /**
   * Called instead of listening again, when connections can no longer be accepted. A sealed worker
   * cannot listen again.
   */
  readonly onAcceptFailure?: () => void;
  /** Opens a server. Tests replace it. */
  readonly serve?: Serve;
}

/** The form of `Deno.serve` that {@linkcode listen} uses. */
export type Serve = (
  options: Deno.ServeTcpOptions,
  handler: Deno.ServeHandler<Deno.NetAddr>,
) => Deno.HttpServer<Deno.NetAddr>;

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
 * The address `::` means all addresses of this machine. Where the kernel has no IPv6, these are the
 * addresses of 0.0.0.0.
 *
 * @throws {ConfigError} when the address is in use, does not exist or is not permitted
 */
export function listen(
  { host, port, onListen, log, onAcceptFailure, serve: open = Deno.serve }: ListenOptions,
  handler: Deno.ServeHandler,
): Listener {
  let hostname = host;
  const serve = (options: Deno.ServeTcpOptions) => {
    const connections = new AbortController();
    const server = open({ ...options, hostname, signal: connections.signal }, handler);
    server.finished.catch((error) => {
      if (onAcceptFailure !== undefined) {
        log.error({ error: describeError(error) }, "accept failed");
        onAcceptFailure();
        return;
      }
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
  const serveFirst = () => serve({ port, onListen: (address) => onListen(urlOf(address)) });
  const ended = new AbortController();
  let current: Deno.HttpServer<Deno.NetAddr>;
  try {
    try {
      current = serveFirst();
    } catch (error) {
      if (!isWithoutIpv6(hostname, error)) throw error;
      log.warn({ error: describeError(error) }, "the kernel has no IPv6; listening on 0.0.0.0");
      hostname = "0.0.0.0";
      current = serveFirst();
    }
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

function isWithoutIpv6(hostname: string, error: unknown): boolean {
  return (hostname === "::" || hostname === "[::]") && error instanceof Error && "code" in error &&
    NO_IPV6_CODES.has(error.code);
}

function urlOf({ hostname, port }: Deno.NetAddr): URL {
  return new URL(`http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`);
}
