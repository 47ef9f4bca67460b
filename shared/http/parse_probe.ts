/** Finds the picture and the user_id in a request. A request has one of three forms. */

import { Buffer } from "node:buffer";
import type { z } from "zod";
import { AuthenticateJsonSchema, UserIdSchema } from "../contract/contract.ts";
import { Problem } from "../contract/problem.ts";
import { PICTURE_FORMATS, sniffImageType } from "../contract/image_type.ts";

/** A face to recognise. */
export interface Probe {
  /** The picture. Its first bytes are those of one of IMAGE_TYPES. */
  readonly image: Uint8Array;
  /** User to compare with (1:1), in NFC; undefined to search the gallery (1:N). */
  readonly userId: string | undefined;
}

/** The parts of a request that a probe is read from. */
export interface ProbeRequest {
  /** The whole body. */
  readonly body: Uint8Array;
  /** The Content-Type header, empty when it is missing. */
  readonly contentType: string;
  /** Every user_id in the URL's query. Different values are refused. */
  readonly queryUserIds: readonly string[];
  /** Largest size of the picture in bytes. */
  readonly maxImageBytes: number;
}

/**
 * Returns the largest size of a body with a picture of `maxImageBytes`. The size depends on the
 * form of the request: JSON with base64 needs more bytes than the picture itself.
 */
export function maxBodyBytes(contentType: string, maxImageBytes: number): number {
  switch (mediaType(contentType)) {
    case "application/json":
      return Math.ceil(maxImageBytes / 3) * 4 + MAX_OTHER_BYTES;
    case "multipart/form-data":
      return maxImageBytes + MAX_OTHER_BYTES;
    default:
      return maxImageBytes;
  }
}

/** Bytes for field names, boundaries and a user_id, in addition to the picture. */
const MAX_OTHER_BYTES = 16 * 1024;

/**
 * Reads JSON with `image_base64`, or a multipart form with a part `image`. With any other content
 * type the body is the picture itself.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const probe = await parseProbe({
 *   body: new TextEncoder().encode('{"image_base64": "iVBORw0KGgo=", "user_id": "user1"}'),
 *   contentType: "application/json",
 *   queryUserIds: [],
 *   maxImageBytes: 1000,
 * });
 * assertEquals([probe.image.length, probe.userId], [8, "user1"]);
 * ```
 *
 * @throws {Problem} `invalid_request` for a malformed or contradictory request,
 * `payload_too_large` for a picture over the limit, `unsupported_media_type` for a picture that is
 * not of one of IMAGE_TYPES
 */
export async function parseProbe(request: ProbeRequest): Promise<Probe> {
  const { image, userId } = await parseForm(request);
  if (image.byteLength === 0) throw new Problem("invalid_request", "The picture is empty");
  if (image.byteLength > request.maxImageBytes) {
    throw new Problem(
      "payload_too_large",
      `The picture is larger than ${request.maxImageBytes} bytes`,
    );
  }
  if (sniffImageType(image) === undefined) {
    throw new Problem("unsupported_media_type", `The picture is not a ${PICTURE_FORMATS}`);
  }
  return { image, userId: oneUserId(userId, request.queryUserIds) };
}

/** A body's picture and user_id, not checked yet. */
interface Form {
  readonly image: Uint8Array;
  readonly userId: string | undefined;
}

function parseForm(request: ProbeRequest): Form | Promise<Form> {
  switch (mediaType(request.contentType)) {
    case "application/json":
      return parseJson(request.body);
    case "multipart/form-data":
      return parseMultipart(request.body, request.contentType);
    default:
      return { image: request.body, userId: undefined };
  }
}

const mediaType = (contentType: string): string =>
  contentType.split(";", 1)[0]!.trim().toLowerCase();

function parseJson(body: Uint8Array): Form {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new Problem("invalid_request", "The body is not valid JSON");
  }
  const result = AuthenticateJsonSchema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new Problem("invalid_request", `The body does not match the API: ${describe(issue!)}`);
  }
  const { image_base64: text, user_id: userId } = result.data;
  return { image: decodeBase64(text), userId };
}

/** Describes an issue. Never repeats text of the client: it may have any length. */
function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    return 'it has a field other than "image_base64" and "user_id"';
  }
  return issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : issue.message;
}

function decodeBase64(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text.replace(DATA_URL_PREFIX, ""));
  } catch {
    throw new Problem("invalid_request", "image_base64 is not valid base64");
  }
}

const DATA_URL_PREFIX = /^data:[a-z]+\/[a-z0-9.+-]+;base64,/i;

async function parseMultipart(body: Uint8Array, contentType: string): Promise<Form> {
  if (countParts(body, contentType) > MAX_PARTS) {
    throw new Problem("invalid_request", "The form has too many parts");
  }
  let form: FormData;
  try {
    const response = new Response(body as Uint8Array<ArrayBuffer>, {
      headers: { "Content-Type": contentType },
    });
    form = await response.formData();
  } catch {
    throw new Problem("invalid_request", "The body is not valid multipart/form-data");
  }
  for (const name of form.keys()) {
    if (name !== "image" && name !== "user_id") {
      throw new Problem("invalid_request", 'The form has a part other than "image" and "user_id"');
    }
  }
  const images = form.getAll("image");
  const [image] = images;
  if (images.length !== 1 || !(image instanceof File)) {
    throw new Problem("invalid_request", 'The form must have one part "image", sent as a file');
  }
  const userIds = form.getAll("user_id");
  if (userIds.length > 1) {
    throw new Problem("invalid_request", "The form must have at most one user_id");
  }
  const [userId] = userIds;
  if (userId instanceof File) {
    throw new Problem("invalid_request", "user_id must be sent as text, not as a file");
  }
  return { image: await image.bytes(), userId };
}

/** Parsing hundreds of thousands of tiny parts would block all other requests. */
const MAX_PARTS = 8;

/** Counts the parts of a form, but stops soon after {@linkcode MAX_PARTS}. */
function countParts(body: Uint8Array, contentType: string): number {
  const [, quoted, bare] = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? [];
  const delimiter = `--${quoted ?? bare ?? ""}`;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  let count = 0;
  for (let at = bytes.indexOf(delimiter); at >= 0; at = bytes.indexOf(delimiter, at + 2)) {
    // A form has one delimiter more than parts: the last delimiter closes the form.
    if (++count > MAX_PARTS + 1) break;
  }
  return count - 1;
}

function oneUserId(
  fromBody: string | undefined,
  fromQuery: readonly string[],
): string | undefined {
  const [given, ...others] = fromBody === undefined ? fromQuery : [fromBody, ...fromQuery];
  if (given === undefined) return undefined;
  const { data: userId } = UserIdSchema.safeParse(given);
  if (userId === undefined) {
    throw new Problem(
      "invalid_request",
      "user_id must have 1 to 256 characters, and no control characters",
    );
  }
  if (others.some((other) => UserIdSchema.safeParse(other).data !== userId)) {
    throw new Problem("invalid_request", "user_id is given more than once, with different values");
  }
  return userId;
}
