/** Finds the picture, the user_id and the client_ref in a request. A request has one of three forms. */

import { Buffer } from "node:buffer";
import { AuthenticateJsonSchema, ClientRefSchema, UserIdSchema } from "../contract/contract.ts";
import { Problem } from "../contract/problem.ts";
import { sniffImageType } from "../contract/image_type.ts";
import { decodeBase64 } from "./base64.ts";
import { bodyForm } from "./content_type.ts";
import { refusedBody } from "./refused_body.ts";
import { splitForm } from "./split_form.ts";
import { notJson, readJsonString, splitJson } from "./split_json.ts";

/** A face to recognise. */
export interface Probe {
  /** The picture. Its first bytes are those of one of IMAGE_TYPES. */
  readonly image: Uint8Array;
  /** User to compare with (1:1), in NFC; undefined to search the gallery (1:N). */
  readonly userId: string | undefined;
  /** The application's name for its own client. */
  readonly clientRef?: string;
}

/** The parts of a request that a probe is read from. */
export interface ProbeRequest {
  /** The whole body. */
  readonly body: Uint8Array;
  /** The Content-Type header, empty when it is missing. */
  readonly contentType: string;
  /** The user_id in the URL's query. */
  readonly queryUserId: string | undefined;
  /** The client_ref in the URL's query. */
  readonly queryClientRef?: string | undefined;
  /** Largest size of the picture in bytes. */
  readonly maxImageBytes: number;
  /** True when the body may have nothing but the picture. */
  readonly pictureOnly?: boolean | undefined;
}

/**
 * Returns the largest size of a body with a picture of `maxImageBytes`. The size depends on the
 * form of the request: JSON with base64 needs more bytes than the picture itself.
 *
 * @throws {Problem} as {@linkcode bodyForm} does
 */
export function maxBodyBytes(contentType: string, maxImageBytes: number): number {
  switch (bodyForm(contentType).kind) {
    case "json":
      return Math.ceil(maxImageBytes / 3) * 4 + MAX_OTHER_BYTES;
    case "form":
      return maxImageBytes + MAX_OTHER_BYTES;
    case "picture":
      return maxImageBytes;
  }
}

/** Bytes for field names, boundaries, a user_id and a client_ref, in addition to the picture. */
const MAX_OTHER_BYTES = 16 * 1024;

/**
 * Reads JSON with `image_base64`, or a multipart form with a part `image`. With any other content
 * type the body is the picture itself.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const probe = parseProbe({
 *   body: new TextEncoder().encode('{"image_base64": "iVBORw0KGgo=", "user_id": "user1"}'),
 *   contentType: "application/json",
 *   queryUserId: undefined,
 *   maxImageBytes: 1000,
 * });
 * assertEquals([probe.image.length, probe.userId], [8, "user1"]);
 * ```
 *
 * @throws {Problem} `invalid_request` for a malformed or contradictory request,
 * `payload_too_large` for a picture over the limit, `unsupported_media_type` for a picture that is
 * not of one of IMAGE_TYPES
 */
export function parseProbe(request: ProbeRequest): Probe {
  const { image, userId, clientRef } = readForm(request);
  if (image.byteLength === 0) throw new Problem("invalid_request", "The picture is empty");
  if (image.byteLength > request.maxImageBytes) {
    throw new Problem(
      "payload_too_large",
      `The picture is larger than ${request.maxImageBytes} bytes`,
    );
  }
  if (sniffImageType(image) === undefined) throw refusedBody(image);
  const ref = oneText("client_ref", clientRef, request.queryClientRef, ClientRefSchema);
  return {
    image,
    userId: oneText("user_id", userId, request.queryUserId, UserIdSchema),
    ...ref !== undefined && { clientRef: ref },
  };
}

/** A body's picture and texts, not checked yet. */
interface Form {
  readonly image: Uint8Array;
  readonly userId: string | undefined;
  readonly clientRef: string | undefined;
}

function readForm({ body, contentType, pictureOnly = false }: ProbeRequest): Form {
  const form = bodyForm(contentType);
  switch (form.kind) {
    case "json":
      return readJson(body, pictureOnly);
    case "form":
      return readMultipart(body, form.boundary, pictureOnly);
    case "picture":
      return { image: body, userId: undefined, clientRef: undefined };
  }
}

/** Fields that are texts. */
type TextName = "user_id" | "client_ref";
const IMAGE_FIELDS = ["image", "image_base64"];
const JSON_FIELDS = Object.keys(AuthenticateJsonSchema.shape);
/** Bytes of the longest text in JSON, when each character is written as an escape. */
const MAX_TEXT_BYTES = 256 * "\\u0000".length + 2;

function readJson(body: Uint8Array, pictureOnly: boolean): Form {
  const fields = splitJson(body, allowed(JSON_FIELDS, pictureOnly));
  const image = fields.get("image_base64");
  if (image === undefined) {
    throw new Problem("invalid_request", "The JSON has no field image_base64");
  }
  const readText = (name: TextName) => {
    const text = fields.get(name);
    if (text !== undefined && text.length > MAX_TEXT_BYTES) throw badText(name);
    return text && readJsonString(text);
  };
  return {
    userId: readText("user_id"),
    clientRef: readText("client_ref"),
    image: decodeBase64(readAsciiString(image)),
  };
}

/**
 * Returns the text of a JSON string that is base64. Characters that are not ASCII become wrong
 * characters, which the decoder of base64 refuses. So the text needs one byte a character.
 */
function readAsciiString({ buffer, byteOffset, byteLength }: Uint8Array): string {
  try {
    return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString("latin1"));
  } catch {
    throw notJson();
  }
}

const FORM_FIELDS = ["image", "user_id", "client_ref"];

function readMultipart(body: Uint8Array, boundary: string, pictureOnly: boolean): Form {
  const parts = splitForm(body, boundary, allowed(FORM_FIELDS, pictureOnly));
  const image = parts.get("image");
  if (!image?.isFile) {
    throw new Problem("invalid_request", 'The form must have one part "image", sent as a file');
  }
  const readText = (name: TextName) => {
    const text = parts.get(name);
    if (text?.isFile) {
      throw new Problem("invalid_request", `${name} must be sent as text, not as a file`);
    }
    return text && readUtf8(name, text.content);
  };
  return {
    image: image.content,
    userId: readText("user_id"),
    clientRef: readText("client_ref"),
  };
}

function allowed(fields: readonly string[], pictureOnly: boolean): readonly string[] {
  return pictureOnly ? fields.filter((name) => IMAGE_FIELDS.includes(name)) : fields;
}

function readUtf8(name: TextName, bytes: Uint8Array): string {
  if (bytes.length > MAX_TEXT_BYTES) throw badText(name);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Problem("invalid_request", `${name} must be in UTF-8`);
  }
}

function oneText(
  name: TextName,
  fromBody: string | undefined,
  fromQuery: string | undefined,
  schema: typeof UserIdSchema | typeof ClientRefSchema,
): string | undefined {
  const [text, other = text] = [fromBody, fromQuery].filter((given) => given !== undefined)
    .map((given) => {
      const { data } = schema.safeParse(given);
      if (data === undefined) throw badText(name);
      return data;
    });
  if (other !== text) {
    throw new Problem("invalid_request", `${name} is given more than once, with different values`);
  }
  return text;
}

/** Makes the problem of a user_id that no user can have. */
export const badUserId = (): Problem => badText("user_id");

const badText = (name: TextName) =>
  new Problem(
    "invalid_request",
    `${name} must have 1 to 256 characters, and no control characters`,
  );
