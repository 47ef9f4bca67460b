/** Reads the address of the service that gets the photos. */

import { isIP } from "node:net";

/**
 * Reads the address of a service.
 *
 * @param text `https://HOST[:PORT]`, or `http://…` for a service on this machine
 * @param allowUnencrypted True to accept `http://…` for other machines, too
 * @returns The address, or a sentence without a period that says what is wrong
 */
export function readServiceUrl(text: string, allowUnencrypted: boolean): URL | { wrong: string } {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.hostname === "") {
    return { wrong: "--to URL must be https://HOST, or http://HOST for a service on this machine" };
  }
  if (url.username !== "" || url.password !== "") {
    return { wrong: "--to URL cannot have a user or a password: give the key with --key-file" };
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return { wrong: "--to URL must end after the host and the port" };
  }
  if (url.protocol === "http:" && !isLoopback(url.hostname) && !allowUnencrypted) {
    return {
      wrong: "--to URL must begin with https://. With http://, everybody on the way to another " +
        "machine can see the photos and the key; --allow-unencrypted accepts that",
    };
  }
  return url;
}

/** True for the names and addresses of this machine. */
function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" ||
    isIP(hostname) === 4 && hostname.startsWith("127.");
}
