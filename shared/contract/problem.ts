/**
 * The error codes of the HTTP contract. A code is stable: applications branch on it, so it is never
 * renamed and never changes its status.
 */

/** Status and title of every code, as they appear in an RFC 9457 body. */
export const PROBLEMS = {
  invalid_request: { status: 400, title: "Invalid request" },
  invalid_image: { status: 400, title: "Invalid image" },
  unauthorized: { status: 401, title: "Unauthorized" },
  forbidden_scope: { status: 403, title: "Forbidden scope" },
  forbidden_origin: { status: 403, title: "Forbidden origin" },
  not_found: { status: 404, title: "Not found" },
  user_not_found: { status: 404, title: "User not found" },
  method_not_allowed: { status: 405, title: "Method not allowed" },
  request_timeout: { status: 408, title: "Request timeout" },
  gallery_is_static: { status: 409, title: "Gallery is static" },
  too_many_templates: { status: 409, title: "Too many templates" },
  consent_required: { status: 409, title: "Consent required" },
  user_exists: { status: 412, title: "User exists" },
  payload_too_large: { status: 413, title: "Payload too large" },
  unsupported_media_type: { status: 415, title: "Unsupported media type" },
  unknown_host: { status: 421, title: "Unknown host" },
  no_face: { status: 422, title: "No face found" },
  multiple_faces: { status: 422, title: "More than one face" },
  face_too_small: { status: 422, title: "Face too small" },
  ambiguous_match: { status: 422, title: "Match with several users" },
  face_not_upright: { status: 422, title: "Face not upright" },
  face_unclear: { status: 422, title: "Face unclear" },
  not_live: { status: 422, title: "Not live" },
  not_the_same_person: { status: 422, title: "Not the same person" },
  belongs_to_another_user: { status: 422, title: "Belongs to another user" },
  locked: { status: 423, title: "Locked" },
  too_many_attempts: { status: 429, title: "Too many attempts" },
  too_many_requests: { status: 429, title: "Too many requests" },
  internal: { status: 500, title: "Internal error" },
  worker_failed: { status: 502, title: "Worker failed" },
  no_worker_available: { status: 503, title: "No worker available" },
  gallery_unavailable: { status: 503, title: "Gallery unavailable" },
  issuer_unavailable: { status: 503, title: "Issuer unavailable" },
  deadline_exceeded: { status: 504, title: "Deadline exceeded" },
  // Between api and worker only: clients never see it.
  worker_used: { status: 409, title: "Worker used" },
} as const satisfies Record<string, { status: number; title: string }>;

/** A stable error code, the key of {@linkcode PROBLEMS}. */
export type ProblemCode = keyof typeof PROBLEMS;

/** The codes of {@linkcode PROBLEMS}, as the tuple that zod needs. */
export const PROBLEM_CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];

/** Codes between api and worker only. A client never gets them. */
export const INTERNAL_CODES = ["worker_used"] as const satisfies ProblemCode[];

/** A code that a client can get. */
export type ClientProblemCode = Exclude<ProblemCode, typeof INTERNAL_CODES[number]>;

/** Further fields of a {@linkcode Problem}. */
export interface ProblemOptions {
  /** The error behind the problem. It is logged, but not sent to the client. */
  cause?: unknown;
  /** Seconds after which the client should retry. Sent as `Retry-After`. */
  retryAfterSeconds?: number;
  /** Methods of the resource. Sent as `Allow`. */
  allow?: string;
}

/**
 * Error for an expected failure with a stable code. Its `message` is the `detail` of the response.
 * Clients see it, so it names neither users nor internals.
 */
export class Problem extends Error {
  /** Name of the class. */
  override readonly name = "Problem";
  /** Stable code, for the application to branch on. */
  readonly code: ProblemCode;
  /** See {@linkcode ProblemOptions}. */
  readonly retryAfterSeconds: number | undefined;
  /** See {@linkcode ProblemOptions}. */
  readonly allow: string | undefined;

  /**
   * Makes the error.
   *
   * @param code Stable code, for the application to branch on
   * @param detail One sentence for the client
   * @param options Further fields
   */
  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.allow = options.allow;
  }

  /** The HTTP status that belongs to the code. */
  get status(): (typeof PROBLEMS)[ProblemCode]["status"] {
    return PROBLEMS[this.code].status;
  }
}
