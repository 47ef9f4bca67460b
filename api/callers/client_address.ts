/** Finds the address of the client behind proxies that the operator trusts. */

import { BlockList, isIP } from "node:net";

/** Largest number of addresses of X-Forwarded-For that are read, from its end. */
const MAX_HOPS = 16;
const CIDR = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i;
const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Returns a network such as 10.0.0.0/8 or fd00::/8, or undefined for any other text. */
export function parseNetwork(text: string): string | undefined {
  const [, address = "", prefix] = CIDR.exec(text) ?? [];
  const family = isIP(address);
  const max = family === 6 ? 128 : 32;
  const length = prefix === undefined ? max : Number(prefix);
  return family === 0 || length > max ? undefined : `${address}/${length}`;
}

/** Returns true for an address of one of the networks. */
export type IsTrusted = (address: string) => boolean;

/** Makes a function that knows the networks. */
export function trustNetworks(networks: readonly string[]): IsTrusted {
  const list = new BlockList();
  for (const network of networks) {
    const [address, prefix] = network.split("/") as [string, string];
    list.addSubnet(address, Number(prefix), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return (address) => list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/**
 * Returns the address of the client: the last address that is not a trusted proxy. Each proxy adds
 * the address that it sees to the end of X-Forwarded-For. What is before the address of the client
 * was sent by the client itself, so it is not read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const isTrusted = trustNetworks(["10.0.0.0/8"]);
 * assertEquals(clientAddress("10.0.0.1", "1.1.1.1, 192.0.2.7, 10.0.0.2", isTrusted), "192.0.2.7");
 * assertEquals(clientAddress("192.0.2.9", "1.1.1.1", isTrusted), "192.0.2.9");
 * ```
 *
 * @param peer The other end of the connection
 * @param forwardedFor The header X-Forwarded-For
 */
export function clientAddress(
  peer: string,
  forwardedFor: string | undefined,
  isTrusted: IsTrusted,
): string {
  let address = readAddress(peer) ?? peer;
  const hops = forwardedFor?.split(",").slice(-MAX_HOPS) ?? [];
  while (isTrusted(address)) {
    const before = readAddress(hops.pop() ?? "");
    if (before === undefined) break;
    address = before;
  }
  return address;
}

/** Returns the part of an address that one client has: an IPv6 client has a whole /64 network. */
export function networkOfClient(address: string): string {
  if (isIP(address) !== 6) return address;
  const { hostname } = new URL(`http://[${address.replace(/%.*$/, "")}]`);
  const [head = "", tail] = hostname.slice(1, -1).split("::");
  const first = head === "" ? [] : head.split(":");
  const missing = tail === undefined
    ? 0
    : 8 - first.length - (tail === "" ? 0 : tail.split(":").length);
  return [...first, ...Array(missing).fill("0"), ...(tail ?? "").split(":")].slice(0, 4).join(":");
}

/** Reads an address, which may have a port. An IPv4 address in the form of IPv6 becomes IPv4. */
function readAddress(text: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|(.+?))$/.exec(text.trim()) ?? [];
  let address = bracketed ?? plain ?? "";
  if (/^\d+\.\d+\.\d+\.\d+:\d+$/.test(address)) address = address.replace(/:\d+$/, "");
  address = MAPPED_IPV4.exec(address)?.[1] ?? address;
  return isIP(address) === 0 ? undefined : address;
}
