/** Reads the host names of a request. */

import { isIP } from "node:net";

/** `host` or `host:port`; an IPv6 address is in brackets. User information is not allowed. */
const AUTHORITY = /^(?:\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::\d{0,5})?$/i;

/** A host name in its normal form: lower case, without the dot of a fully qualified name. */
export interface Authority {
  /** Name or address. An IPv6 address is in brackets. */
  readonly hostname: string;
  /** Port in digits. Empty for the default port of the protocol. */
  readonly port: string;
}

/**
 * Reads a host name with an optional port.
 *
 * @param protocol Protocol that decides which port is the default one
 * @returns undefined when the text is something else
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseAuthority("LOCALHOST.:8080"), { hostname: "localhost", port: "8080" });
 * assertEquals(parseAuthority("[0:0::1]:80"), { hostname: "[::1]", port: "" });
 * assertEquals(parseAuthority("user@localhost"), undefined);
 * ```
 */
export function parseAuthority(
  text: string,
  protocol: "http:" | "https:" = "http:",
): Authority | undefined {
  if (!AUTHORITY.test(text)) return undefined;
  const url = URL.parse(`${protocol}//${text}`);
  if (url === null) return undefined;
  const hostname = url.hostname.replace(/\.$/, "");
  return hostname === "" || hostname.endsWith(".") ? undefined : { hostname, port: url.port };
}

/** Returns the IP address of a host name, without the brackets of IPv6; undefined for other names. */
export function ipOf(hostname: string): string | undefined {
  const ip = hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(ip) === 0 ? undefined : ip;
}

/**
 * Returns the texts that say to which host a request goes: the Host header, and the host of its
 * URL. They differ when the request line contains a whole URL. Without a Host header, which every
 * browser sends, the URL that Deno makes has the host localhost.
 */
export function authoritiesOf(request: Request): string[] {
  const [, inUrl] = /^[a-z]+:\/\/([^/?#]*)/i.exec(request.url) ?? [];
  const header = request.headers.get("Host");
  return header === null || header === "" ? [inUrl ?? ""] : [header, inUrl ?? ""];
}
