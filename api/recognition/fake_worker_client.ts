/** A worker client for tests. It sends nothing over the network. */

import type { AuthenticateAnswer } from "../../shared/contract/contract.ts";
import { WORKER_MODELS } from "../../shared/contract/fake_answers.ts";
import { Problem, type ProblemCode } from "../../shared/contract/problem.ts";
import type { Probe } from "../../shared/http/parse_probe.ts";
import type { EmbeddedPicture } from "./read_worker_answer.ts";
import type { WorkerClient, WorkerResult } from "./worker_client.ts";

/** A call that the client was asked to make. */
export interface SentProbe {
  readonly worker: string;
  readonly probe: Probe;
  /** Set in a call of `embed`. */
  readonly forTemplate?: boolean;
  readonly requestId: string;
}

type AnyResult = WorkerResult<AuthenticateAnswer | EmbeddedPicture>;

/** The behaviour of a worker that gets a picture. */
export type FakeWorker = (signal: AbortSignal) => AnyResult | Promise<AnyResult>;

/** Returns a worker that gives this answer. */
export function answering(answer: AuthenticateAnswer): FakeWorker {
  return () => ({ kind: "answer", answer });
}

/** Returns a worker that answers with an embedding. Equal texts are the same face. */
export function embedding(face: string): FakeWorker {
  return () => ({
    kind: "answer",
    answer: {
      embedding: new TextEncoder().encode(face.padEnd(8)),
      face: {
        box: [412, 96, 180, 224],
        quality: { embedding_length: 9, shape_distance: 0.1, roll_degrees: 1, look_distance: 0.05 },
      },
      model: WORKER_MODELS.recognition,
    },
    models: { ...WORKER_MODELS, match: null, calibration: null },
  });
}

/** Returns a worker that refuses the picture. */
export function refusing(code: ProblemCode, detail: string): FakeWorker {
  return () => ({ kind: "refusal", problem: new Problem(code, detail) });
}

/** A worker that cannot be reached. */
export const unreachableWorker: FakeWorker = () => ({
  kind: "unreached",
  cause: new Error("Connection refused"),
});

/** A worker that does not accept the token. */
export const mistrustingWorker: FakeWorker = () => ({
  kind: "unauthorized",
  cause: new Error("The worker refused the token: its clock is 120 s behind"),
});

/** A worker that has served all its requests. */
export const usedWorker: FakeWorker = () => ({
  kind: "used",
  cause: new Error("409 worker_used"),
});

/** A worker that dies while it processes the picture. */
export const failingWorker: FakeWorker = () => ({
  kind: "failed",
  cause: new Error("Connection reset"),
});

/** A worker that never answers. The call ends when its signal aborts. */
export const silentWorker: FakeWorker = (signal) =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

/** Answers each call like the next worker of the list. */
export class FakeWorkerClient implements WorkerClient {
  /** Every call so far. */
  readonly calls: SentProbe[] = [];
  readonly #workers: FakeWorker[];

  constructor(workers: readonly FakeWorker[]) {
    this.#workers = [...workers];
  }

  async authenticate(
    worker: { readonly name: string },
    probe: Probe,
    requestId: string,
    signal: AbortSignal,
  ): Promise<WorkerResult> {
    const result = await this.#ask({ worker: worker.name, probe, requestId }, signal);
    if (result.kind === "answer" && "embedding" in result.answer) {
      throw new TypeError("No identity");
    }
    return result as WorkerResult;
  }

  async embed(
    worker: { readonly name: string },
    { image, forTemplate }: { readonly image: Uint8Array; readonly forTemplate: boolean },
    requestId: string,
    signal: AbortSignal,
  ): Promise<WorkerResult<EmbeddedPicture>> {
    const probe = { image, userId: undefined };
    const result = await this.#ask({ worker: worker.name, probe, forTemplate, requestId }, signal);
    if (result.kind === "answer" && !("embedding" in result.answer)) {
      throw new TypeError("No embedding");
    }
    return result as WorkerResult<EmbeddedPicture>;
  }

  async #ask(call: SentProbe, signal: AbortSignal): Promise<AnyResult> {
    // The picture's memory is freed when the request ends.
    const image = call.probe.image.slice();
    this.calls.push({ ...call, probe: { ...call.probe, image } });
    const answer = this.#workers.shift();
    if (answer === undefined) throw new RangeError("The test did not expect this call");
    return await answer(signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
