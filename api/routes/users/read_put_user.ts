/** Reads the body of `PUT /users/{user_id}`. */

import { Problem } from "../../../shared/contract/problem.ts";
import { type PutUser, PutUserSchema } from "../../../shared/contract/users.ts";
import { bodyForm } from "../../../shared/http/content_type.ts";
import { readBody } from "../../../shared/http/read_body.ts";
import { refuseCompression } from "../../../shared/http/read_probe.ts";
import { readJsonString, splitJson } from "../../../shared/http/split_json.ts";

/** The longest fields, with each character escaped, have less than 5 KB. */
const MAX_BODY_BYTES = 8 * 1024;

const FIELDS = Object.keys(PutUserSchema.shape);

/** Advice for each field. */
const ADVICE: Readonly<Record<keyof PutUser, string>> = {
  name: "name must be a text of 1 to 256 characters, without control characters",
  consent_ref: "consent_ref must be a text of 1 to 256 characters, without control characters",
  expires_at: "expires_at must be a time in UTC, such as 2027-01-31T12:00:00Z",
};

/**
 * Reads and checks the body.
 *
 * @param timeoutMs Milliseconds that the body may take to arrive
 * @throws {Problem} as {@linkcode readBody} does, `unsupported_media_type` for another form than
 * JSON, and `invalid_request` for fields that are unknown, missing or wrong
 */
export async function readPutUser(request: Request, timeoutMs: number): Promise<PutUser> {
  refuseCompression(request);
  if (bodyForm(request.headers.get("Content-Type") ?? "").kind !== "json") {
    throw new Problem(
      "unsupported_media_type",
      "Send the user as JSON, with the Content-Type application/json",
    );
  }
  const body = await readBody(request, {
    maxBytes: MAX_BODY_BYTES,
    timeoutMs,
    signal: request.signal,
  });
  const texts = [...splitJson(body, FIELDS)].map(([name, value]) => [name, readJsonString(value)]);
  const { data, error } = PutUserSchema.safeParse(Object.fromEntries(texts));
  if (data !== undefined) return data;
  const [field] = error.issues[0]!.path;
  throw new Problem("invalid_request", ADVICE[field as keyof PutUser]);
}
