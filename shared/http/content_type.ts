/** Finds the form of a request's body by its Content-Type header. */

import { Problem } from "../contract/problem.ts";
import { parseParameters } from "./parameters.ts";

/** Form of a body. */
export type BodyForm =
  | { readonly kind: "json" }
  /** A multipart form. `boundary` separates its parts. */
  | { readonly kind: "form"; readonly boundary: string }
  /** The picture itself. */
  | { readonly kind: "picture" };

const MAX_LENGTH = 1024;

/** The boundaries that RFC 2046 allows. A long boundary would make the search for it slow. */
const BOUNDARY = /^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/;

/**
 * Returns the form of a body. A Content-Type that is neither JSON nor a multipart form says nothing
 * about the body: it is then the picture itself.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const form = bodyForm("multipart/form-data; boundary=b");
 * assertEquals(form, { kind: "form", boundary: "b" });
 * assertEquals(bodyForm("image/png"), { kind: "picture" });
 * ```
 *
 * @param contentType The header, empty when it is missing
 * @throws {Problem} `invalid_request` for a malformed header, `unsupported_media_type` for JSON in
 * another encoding than UTF-8
 */
export function bodyForm(contentType: string): BodyForm {
  if (contentType.length > MAX_LENGTH) {
    throw new Problem(
      "invalid_request",
      `The Content-Type header is longer than ${MAX_LENGTH} characters`,
    );
  }
  const [type] = contentType.split(";", 1);
  switch (type!.trim().toLowerCase()) {
    case "application/json":
      assertUtf8(parametersOf(contentType.slice(type!.length)));
      return { kind: "json" };
    case "multipart/form-data":
      return { kind: "form", boundary: boundaryOf(parametersOf(contentType.slice(type!.length))) };
    default:
      return { kind: "picture" };
  }
}

function parametersOf(text: string): ReadonlyMap<string, string> {
  const parameters = parseParameters(text);
  if (parameters === undefined) {
    throw new Problem("invalid_request", "The Content-Type header has malformed parameters");
  }
  return parameters;
}

function assertUtf8(parameters: ReadonlyMap<string, string>): void {
  const charset = parameters.get("charset")?.toLowerCase() ?? "utf-8";
  if (charset !== "utf-8" && charset !== "utf8" && charset !== "us-ascii") {
    throw new Problem("unsupported_media_type", "JSON must be sent in UTF-8");
  }
}

function boundaryOf(parameters: ReadonlyMap<string, string>): string {
  const boundary = parameters.get("boundary");
  // RFC 2231 writes a parameter also as "boundary*" or in pieces: "boundary*0".
  if ([...parameters.keys()].some((name) => name.startsWith("boundary*"))) {
    throw new Problem("invalid_request", 'The Content-Type must give its boundary as "boundary"');
  }
  if (boundary === undefined) {
    throw new Problem(
      "invalid_request",
      "The Content-Type multipart/form-data has no boundary; do not set this header yourself, " +
        "the HTTP library sets it with the boundary",
    );
  }
  if (!BOUNDARY.test(boundary)) {
    throw new Problem(
      "invalid_request",
      "The boundary in the Content-Type must have 1 to 70 characters of those that RFC 2046 allows",
    );
  }
  return boundary;
}
