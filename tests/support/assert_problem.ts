/** Checks the error responses of the HTTP contract. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  PROBLEM_CONTENT_TYPE,
  ProblemBodySchema,
  REQUEST_ID_HEADER,
} from "../../shared/contract/contract.ts";
import { type ProblemCode, PROBLEMS } from "../../shared/contract/problem.ts";
import type { Answer } from "./answer.ts";

/** Matches internals that no client may see: files, addresses, ports, workers and errors. */
const INTERNALS =
  /\.ts\b|\.onnx|Error\b|worker-\d|127\.0\.0\.1|localhost|:\d{3,}|\/(home|root|tmp|usr)\//;

/** Checks that a response is the documented RFC 9457 body of `code`, and returns its detail. */
export function assertProblem(answer: Answer, code: ProblemCode): string {
  const { status, headers, text } = answer;
  const where = `${status} ${text}`;
  assertEquals(status, PROBLEMS[code].status, where);
  assertEquals(headers.get("Content-Type"), PROBLEM_CONTENT_TYPE, where);
  const problem = ProblemBodySchema.strict().parse(JSON.parse(text));
  assertEquals(
    { type: problem.type, title: problem.title, status: problem.status, code: problem.code },
    { type: "about:blank", ...PROBLEMS[code], code },
  );
  assertEquals(problem.request_id, headers.get(REQUEST_ID_HEADER));
  assertMatch(problem.detail, /^[^\n]{10,200}$/);
  assert(!INTERNALS.test(problem.detail), `The detail shows internals: ${problem.detail}`);
  return problem.detail;
}
