/** Explains the answers of a service that every further request would get, too. */

import type { CallAnswer } from "./call.ts";

/**
 * Explains an answer that ends an enrolment.
 *
 * @param origin Origin of the service
 * @param hasKey True when the request had a key
 * @returns One line; undefined when other requests can succeed
 */
export function explainRefusal(
  { status, code, detail }: CallAnswer,
  origin: string,
  hasKey: boolean,
): string | undefined {
  if (status >= 300 && status < 400) {
    return `${origin} answers with a redirect. Photos are sent to no other address: check the URL`;
  }
  switch (code) {
    case "unauthorized":
      return hasKey
        ? `${origin} does not accept the key: it is wrong, expired or for another service`
        : `${origin} asks for a key: give one with --key-file`;
    case "gallery_is_static":
      return `${origin} changes no users over HTTP, because its workers hold the gallery: ` +
        "use --gallery FILE instead of --to URL";
    case "forbidden_origin":
    case "unknown_host":
    case "not_found":
    case "method_not_allowed":
      return `${origin} does not enrol under this address (${code}): ${detail}`;
  }
  // A proxy in front of the service can refuse a large photo by itself.
  return code === undefined && status >= 400 && status < 500 && status !== 413
    ? `${origin} answered ${status} and is not a face-it service: check the URL`
    : undefined;
}
