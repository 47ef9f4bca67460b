/** A network for tests: it answers what it is told and remembers what it was asked. */

import type { Session } from "../inference/session.ts";

/** A {@linkcode Session} without a model. */
export interface FakeSession extends Session {
  /** The data and shape of every run. */
  readonly runs: { readonly data: Float32Array; readonly shape: readonly number[] }[];
}

/**
 * Makes a session with the given shapes.
 *
 * @param input Shape of the input
 * @param outputs Shapes of the outputs
 * @param answers What every run gives, in the order of the outputs
 */
export function fakeSession(
  input: readonly number[],
  outputs: readonly (readonly number[])[],
  answers: readonly Float32Array[] = [],
): FakeSession {
  const runs: FakeSession["runs"] = [];
  return {
    runs,
    input: { name: "input", shape: input },
    outputs: outputs.map((shape, i) => ({ name: `output${i}`, shape })),
    run(data, shape) {
      runs.push({ data, shape });
      return Promise.resolve([...answers]);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
