/**
 * Reads the response of a worker. A worker processes pictures of strangers in native code, so the api
 * does not trust it: each field is bounded, and no other text of a worker reaches a client or a log.
 */

import { z } from "zod";
import {
  type AuthenticateAnswer,
  AuthenticateAnswerSchema,
} from "../../shared/contract/contract.ts";
import { isPictureCode, pictureProblem } from "../../shared/contract/picture_problem.ts";
import {
  type Problem,
  PROBLEM_CODES,
  type ProblemCode,
  PROBLEMS,
} from "../../shared/contract/problem.ts";

/** The response of a worker, without anything that is not documented. */
export type WorkerAnswer =
  | { readonly kind: "answer"; readonly answer: AuthenticateAnswer }
  | { readonly kind: "refusal"; readonly problem: Problem }
  /** A code that is not about the picture. */
  | { readonly kind: "code"; readonly code: ProblemCode };

/** Error for a response that is not as documented. Its message has no text of the worker. */
export class BadAnswer extends Error {
  override readonly name = "BadAnswer";
}

/** An answer with the longest id and the longest name has 2 KB, with many escapes 3.5 KB. */
export const MAX_ANSWER_BYTES = 4096;

/** The fields of a problem. Only the code is used. */
const ProblemSchema = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(PROBLEM_CODES),
  request_id: z.string(),
});

/**
 * Reads a response.
 *
 * @param userId The user that the picture was compared with, or undefined
 * @throws {BadAnswer} when the response is not as documented
 */
export async function readWorkerAnswer(
  status: number,
  body: AsyncIterable<Uint8Array>,
  userId: string | undefined,
): Promise<WorkerAnswer> {
  const value = parse(await readBounded(body));
  if (status === 200) return { kind: "answer", answer: checkAnswer(value, userId) };
  const problem = ProblemSchema.safeParse(value);
  if (!problem.success) throw new BadAnswer(`The worker answered ${status} without a code`);
  const { code } = problem.data;
  if (PROBLEMS[code].status !== status || problem.data.status !== status) {
    throw new BadAnswer(`The worker answered ${status} with the code of another status`);
  }
  if (!isPictureCode(code)) return { kind: "code", code };
  return { kind: "refusal", problem: pictureProblem(code) };
}

function checkAnswer(value: unknown, userId: string | undefined): AuthenticateAnswer {
  const answer = AuthenticateAnswerSchema.safeParse(value);
  if (!answer.success) throw new BadAnswer("The worker's answer is not as documented");
  if (
    answer.data.matched && userId !== undefined &&
    answer.data.user_id.normalize() !== userId.normalize()
  ) {
    throw new BadAnswer("The worker's answer is about another user than the request");
  }
  return answer.data;
}

async function readBounded(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const bytes = new Uint8Array(MAX_ANSWER_BYTES);
  let size = 0;
  for await (const chunk of body) {
    if (size + chunk.byteLength > MAX_ANSWER_BYTES) {
      throw new BadAnswer("The worker's answer is too large");
    }
    bytes.set(chunk, size);
    size += chunk.byteLength;
  }
  return bytes.subarray(0, size);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message would quote the text, which can name a user.
    throw new BadAnswer("The worker's answer is not JSON");
  }
}
