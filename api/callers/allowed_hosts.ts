/** Decides under which host names the service answers. */

import { BlockList, isIP } from "node:net";
import { ipOf, parseAuthority } from "../../shared/http/authority.ts";

/** Names by which programs on the same machine reach a service on a loopback address. */
const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"];

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8);
LOOPBACK.addAddress("::1", "ipv6");

/** Returns a host name in its normal form, or undefined for any other text, such as one with a port. */
export function parseHostName(text: string): string | undefined {
  // An IPv6 address is the only name with a colon. It may be written without its brackets.
  const name = isIP(text) === 6 ? `[${text}]` : text;
  return /:\d*$/.test(name) ? undefined : parseAuthority(name)?.hostname;
}

/**
 * Returns the names under which the service answers, or undefined when it answers to every name.
 *
 * A service on a loopback address answers only to the names of this machine. Otherwise a web site
 * could let its own name point to 127.0.0.1: the browser would then take the service for a part of
 * that site, and let the site read the answers (DNS rebinding). On any other address, the service
 * does not know its names.
 *
 * @param configured Names that the operator has set
 * @param listenAddress Address that the service listens on, or localhost
 */
export function allowedHosts(
  configured: readonly string[] | undefined,
  listenAddress: string,
): ReadonlySet<string> | undefined {
  if (configured !== undefined) return new Set(configured);
  if (!isLoopback(listenAddress)) return undefined;
  return new Set([...LOOPBACK_NAMES, parseHostName(listenAddress) ?? listenAddress]);
}

/** True for localhost and for the loopback addresses. An IPv6 address may be in brackets. */
export function isLoopback(host: string): boolean {
  if (host === "localhost") return true;
  const ip = ipOf(host);
  return ip !== undefined && LOOPBACK.check(ip, isIP(ip) === 6 ? "ipv6" : "ipv4");
}
