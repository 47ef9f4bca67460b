/** A network for tests. It gives fixed outputs and records its inputs. */

import type { Session } from "../inference/session.ts";

/** A {@linkcode Session} without a model. */
export interface FakeSession extends Session {
  /** Input of every run so far. */
  readonly runs: { readonly data: Float32Array; readonly shape: readonly number[] }[];
}

/**
 * Makes a session with the given shapes.
 *
 * @param input Shape of the input
 * @param outputs Shapes of the outputs
 * @param results Elements of each output, in the order of `outputs`; the same for every run
 */
export function fakeSession(
  input: readonly number[],
  outputs: readonly (readonly number[])[],
  results: readonly Float32Array[] = [],
): FakeSession {
  const runs: FakeSession["runs"] = [];
  return {
    runs,
    input: { name: "input", shape: input },
    outputs: outputs.map((shape, i) => ({ name: `output${i}`, shape })),
    run(data, shape) {
      // The caller may free its input and the outputs.
      runs.push({ data: data.slice(), shape });
      return Promise.resolve(results.map((result) => result.slice()));
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
