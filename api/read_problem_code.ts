/** Reads the problem that another part of the service answers with. */

import { z } from "zod";
import { PROBLEM_CODES, type ProblemCode, PROBLEMS } from "../shared/contract/problem.ts";

/** The fields of a problem. Only the code is used: no text of another part reaches a client. */
const ProblemSchema = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(PROBLEM_CODES),
  request_id: z.string(),
});

/** Reads the code. Returns a sentence for the log when the answer is not a problem as documented. */
export function readProblemCode(
  status: number,
  value: unknown,
): { readonly code: ProblemCode } | { readonly fault: string } {
  const problem = ProblemSchema.safeParse(value);
  if (!problem.success) return { fault: `answered ${status} without a code` };
  const { code } = problem.data;
  if (PROBLEMS[code].status !== status || problem.data.status !== status) {
    return { fault: `answered ${status} with the code of another status` };
  }
  return { code };
}
