/** Listens for a service. */

import { ConfigError } from "./env.ts";
import { describeError } from "./log.ts";

/** Where to listen. */
export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Is told where the service listens. */
  readonly onListen: (url: URL) => void;
}

/**
 * Serves HTTP.
 *
 * @throws {ConfigError} when the address is not to be had, or not permitted
 */
export function listen(
  { host: hostname, port, onListen }: ListenOptions,
  handler: Deno.ServeHandler,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({
      hostname,
      port,
      onListen: (address) => onListen(urlOf(address)),
    }, handler);
  } catch (cause) {
    throw new ConfigError(
      `Bad environment: HOST, PORT: cannot listen on ${hostname} port ${port} ` +
        `(${describeError(cause)})`,
      { cause },
    );
  }
}

function urlOf({ hostname, port }: Deno.NetAddr): URL {
  return new URL(`http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`);
}
