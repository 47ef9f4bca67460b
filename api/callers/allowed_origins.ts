/** Reads the origins of web pages. */

import { parseAuthority } from "../../shared/http/authority.ts";

/** Origin of a web page: protocol, host and port. */
export interface Origin {
  readonly protocol: "http:" | "https:";
  /** Host with its port, as in a Host header. */
  readonly host: string;
}

/**
 * Reads the origin of a page on a web server. Other origins are not read, such as `null`, which is
 * the origin of a local file and of a sandboxed frame.
 */
export function readOrigin(text: string): Origin | undefined {
  const [, scheme, host] = /^(https?):\/\/(.+)$/i.exec(text) ?? [];
  if (scheme === undefined || host === undefined) return undefined;
  const protocol = scheme.toLowerCase() === "https" ? "https:" : "http:";
  return parseAuthority(host, protocol) === undefined ? undefined : { protocol, host };
}

/** Returns an origin as a browser writes it, or undefined when the text is not an origin. */
export function parseOrigin(text: string): string | undefined {
  const origin = readOrigin(text);
  return origin && new URL(`${origin.protocol}//${origin.host}`).origin;
}
