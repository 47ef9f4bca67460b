/**
 * Reads the response of a worker. A worker processes pictures of strangers in native code, so the api
 * does not trust it: each field is bounded, and no other text of a worker reaches a client or a log.
 */

import {
  type AuthenticateAnswer,
  AuthenticateAnswerSchema,
} from "../../shared/contract/contract.ts";
import { EMBEDDING_TYPE, MAX_EMBEDDING_BYTES } from "../../shared/contract/gallery_call.ts";
import { readWorkerModels, WORKER_MODELS_HEADER } from "../../shared/contract/models_in_use.ts";
import {
  FACE_HEADER,
  type ObservedFace,
  readObservedFace,
} from "../../shared/contract/observed_face.ts";
import { isPictureCode, pictureProblem } from "../../shared/contract/picture_problem.ts";
import type { Problem, ProblemCode } from "../../shared/contract/problem.ts";
import { parseJson } from "../../shared/read_bounded.ts";
import { readProblemCode } from "../read_problem_code.ts";

/** The response of a worker, without anything that is not documented. */
export type WorkerAnswer<Answer> =
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "refusal"; readonly problem: Problem }
  /** A code that is not about the picture. */
  | { readonly kind: "code"; readonly code: ProblemCode };

/** The response of a worker as it arrives. Names of headers are in lower case. */
export interface WorkerResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** The face of a picture, for the gallery service. */
export interface EmbeddedPicture {
  /** Bytes of the embedding. The api passes them on and never reads them. */
  readonly embedding: Uint8Array<ArrayBuffer>;
  readonly face: ObservedFace;
  /** sha256 of the model that made the embedding. */
  readonly model: string;
}

/** Error for a response that is not as documented. Its message has no text of the worker. */
export class BadAnswer extends Error {
  override readonly name = "BadAnswer";
}

/** An answer with the longest id and the longest name has 2 KB, with many escapes 3.5 KB. */
export const MAX_ANSWER_BYTES = 4096;

/**
 * Reads a response to `POST /authenticate`.
 *
 * @param userId The user that the picture was compared with, or undefined
 * @throws {BadAnswer} when the response is not as documented
 */
export function readIdentity(
  response: WorkerResponse,
  userId: string | undefined,
): WorkerAnswer<AuthenticateAnswer> {
  if (response.statusCode !== 200) return readRefusal(response);
  return { kind: "answer", answer: checkIdentity(readJson(response), userId) };
}

/**
 * Reads a response to `POST /embed`.
 *
 * @throws {BadAnswer} when the response is not as documented
 */
export function readEmbedding(response: WorkerResponse): WorkerAnswer<EmbeddedPicture> {
  if (response.statusCode !== 200) return readRefusal(response);
  const { headers, body: embedding } = response;
  if (
    headers["content-type"] !== EMBEDDING_TYPE || embedding.length > MAX_EMBEDDING_BYTES ||
    embedding.length === 0 || embedding.length % Float32Array.BYTES_PER_ELEMENT !== 0
  ) {
    throw new BadAnswer("The worker's embedding is not as documented");
  }
  const face = readObservedFace(headers[FACE_HEADER.toLowerCase()]);
  if (face === undefined) throw new BadAnswer("The worker's face is not as documented");
  const models = readWorkerModels(headers[WORKER_MODELS_HEADER.toLowerCase()]);
  if (models === undefined) throw new BadAnswer("The worker does not tell its models");
  return { kind: "answer", answer: { embedding, face, model: models.recognition } };
}

function readRefusal(response: WorkerResponse): WorkerAnswer<never> {
  const problem = readProblemCode(response.statusCode, readJson(response));
  if ("fault" in problem) throw new BadAnswer(`The worker ${problem.fault}`);
  const { code } = problem;
  if (!isPictureCode(code)) return { kind: "code", code };
  return { kind: "refusal", problem: pictureProblem(code) };
}

function checkIdentity(value: unknown, userId: string | undefined): AuthenticateAnswer {
  const answer = AuthenticateAnswerSchema.safeParse(value);
  // Only the api adds a liveness to an answer: a worker sends it in a header.
  if (!answer.success || answer.data.liveness !== undefined) {
    throw new BadAnswer("The worker's answer is not as documented");
  }
  if (
    answer.data.matched && userId !== undefined &&
    answer.data.user_id.normalize() !== userId.normalize()
  ) {
    throw new BadAnswer("The worker's answer is about another user than the request");
  }
  return answer.data;
}

function readJson({ body }: WorkerResponse): unknown {
  if (body.length > MAX_ANSWER_BYTES) throw new BadAnswer("The worker's answer is too large");
  const value = parseJson(body);
  if (value === undefined) throw new BadAnswer("The worker's answer is not JSON");
  return value;
}
