import { assert, assertEquals } from "@std/assert";
import { INTERNAL_CODES, Problem, PROBLEM_CODES, type ProblemCode, PROBLEMS } from "./problem.ts";

Deno.test("every code has its documented status", () => {
  const statuses: Record<ProblemCode, number> = {
    invalid_request: 400,
    invalid_image: 400,
    unauthorized: 401,
    forbidden_scope: 403,
    issuer_unavailable: 503,
    too_many_requests: 429,
    forbidden_origin: 403,
    not_found: 404,
    user_not_found: 404,
    method_not_allowed: 405,
    request_timeout: 408,
    worker_used: 409,
    gallery_is_static: 409,
    too_many_templates: 409,
    consent_required: 409,
    user_exists: 412,
    payload_too_large: 413,
    unsupported_media_type: 415,
    unknown_host: 421,
    no_face: 422,
    multiple_faces: 422,
    face_too_small: 422,
    ambiguous_match: 422,
    face_not_upright: 422,
    face_unclear: 422,
    not_live: 422,
    not_the_same_person: 422,
    belongs_to_another_user: 422,
    locked: 423,
    too_many_attempts: 429,
    internal: 500,
    worker_failed: 502,
    no_worker_available: 503,
    gallery_unavailable: 503,
    deadline_exceeded: 504,
  };
  assertEquals([...PROBLEM_CODES].sort(), Object.keys(statuses).sort() as ProblemCode[]);
  for (const code of PROBLEM_CODES) assertEquals(PROBLEMS[code].status, statuses[code], code);
});

Deno.test("docs/http.md lists every code that a client can get, with its status", async () => {
  const between: readonly ProblemCode[] = INTERNAL_CODES;
  const docs = await Deno.readTextFile("docs/http.md");
  const rows = [...docs.matchAll(/^\| (\d{3})[^|]*\| `(\w+)` /gm)]
    .map(([, status, code]) => `${code} ${status}`);
  const codes = PROBLEM_CODES.filter((code) => !between.includes(code));
  assertEquals(rows.sort(), codes.map((code) => `${code} ${PROBLEMS[code].status}`).sort());
});

Deno.test("every code has its own title, which begins with a capital and has no period", () => {
  const titles = PROBLEM_CODES.map((code) => PROBLEMS[code].title);
  assertEquals(new Set(titles).size, titles.length);
  for (const title of titles) assert(/^[A-Z].*[^.]$/.test(title), title);
});

Deno.test("a problem has the status of its code, and keeps its fields", () => {
  const cause = new RangeError("underneath");
  const problem = new Problem("no_worker_available", "All are busy", {
    cause,
    retryAfterSeconds: 3,
    allow: "POST",
  });
  assertEquals(problem.status, 503);
  assertEquals(problem.message, "All are busy");
  assertEquals(problem.cause, cause);
  assertEquals(problem.retryAfterSeconds, 3);
  assertEquals(problem.allow, "POST");
});

Deno.test("a problem has no cause by default", () => {
  assertEquals("cause" in new Problem("no_face", "No face"), false);
});
