/**
 * The error codes of the HTTP contract. `code` is stable: applications branch on it,
 * so a code is never renamed and never changes its status.
 */

/** Status and title of every code, as they appear in an RFC 9457 body. */
export const PROBLEMS = {
  invalid_request: { status: 400, title: "Invalid request" },
  invalid_image: { status: 400, title: "Invalid image" },
  not_found: { status: 404, title: "Not found" },
  method_not_allowed: { status: 405, title: "Method not allowed" },
  request_timeout: { status: 408, title: "Request timeout" },
  payload_too_large: { status: 413, title: "Payload too large" },
  unsupported_media_type: { status: 415, title: "Unsupported media type" },
  no_face: { status: 422, title: "No face found" },
  multiple_faces: { status: 422, title: "More than one face" },
  face_too_small: { status: 422, title: "Face too small" },
  internal: { status: 500, title: "Internal error" },
  worker_failed: { status: 502, title: "Worker failed" },
  no_worker_available: { status: 503, title: "No worker available" },
  deadline_exceeded: { status: 504, title: "Deadline exceeded" },
  // Only between api and worker; a client never sees these two.
  unauthorized: { status: 401, title: "Unauthorized" },
  worker_used: { status: 409, title: "Worker used" },
} as const satisfies Record<string, { status: number; title: string }>;

/** A stable error code, the key of {@linkcode PROBLEMS}. */
export type ProblemCode = keyof typeof PROBLEMS;

/** The codes of {@linkcode PROBLEMS}, as zod wants them. */
export const PROBLEM_CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];

/** What a {@linkcode Problem} may carry beside its code and detail. */
export interface ProblemOptions {
  /** What went wrong underneath: for the log, never for the client. */
  cause?: unknown;
  /** Seconds after which a retry is worth it; sent as `Retry-After`. */
  retryAfterSeconds?: number;
  /** The methods a resource has; sent as `Allow`. */
  allow?: string;
}

/**
 * An expected failure with a stable code. Its `message` is the `detail` of the answer and is
 * shown to clients, so it names neither people nor internals.
 */
export class Problem extends Error {
  /** Tells it from other errors in a log. */
  override readonly name = "Problem";
  /** What an application branches on. */
  readonly code: ProblemCode;
  /** See {@linkcode ProblemOptions}. */
  readonly retryAfterSeconds: number | undefined;
  /** See {@linkcode ProblemOptions}. */
  readonly allow: string | undefined;

  /**
   * A failure with that code.
   *
   * @param code What an application branches on
   * @param detail One sentence for the client
   * @param options What else it carries
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
