/** ONNX Runtime: the only file that imports it. */

import * as ort from "onnxruntime-node";

/** A float32 input or output. */
export interface TensorInfo {
  /** As the model calls it. */
  readonly name: string;
  /** A dimension that the model leaves open is -1. */
  readonly shape: readonly number[];
}

/** How a session uses the machine. */
export interface SessionOptions {
  /** Threads inside one operator; 1 is fastest per core. */
  readonly threads?: number;
}

/** A loaded network with one float32 input. Runs are queued by ONNX Runtime's caller: await each. */
export interface Session extends AsyncDisposable {
  /** What a run takes. */
  readonly input: TensorInfo;
  /** What a run gives, in this order. */
  readonly outputs: readonly TensorInfo[];
  /**
   * Runs the network once.
   *
   * @param data Elements of the input, in the order of its shape
   * @param shape The input's shape, no dimension open
   * @returns Each output's elements, in the order of {@linkcode Session.outputs}
   */
  run(data: Float32Array, shape: readonly number[]): Promise<Float32Array[]>;
}

/** A model that cannot be loaded, or is not the kind of model it should be. */
export class ModelError extends Error {
  /** Always "ModelError". */
  override readonly name = "ModelError";
}

/**
 * Loads a network from the bytes of an ONNX file.
 *
 * @param bytes The file's content
 * @param label What the model is called in error messages
 * @param options How the session uses the machine
 * @throws {ModelError} when it is no ONNX model, or has not exactly one float32 input
 */
export async function openSession(
  bytes: Uint8Array,
  label: string,
  options: SessionOptions = {},
): Promise<Session> {
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(bytes, {
      intraOpNumThreads: options.threads ?? 1,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
      // Denormal weights make a run seven times slower. ONNX Runtime honours the setting only when
      // the first session of the process has it, so every session does.
      extra: { session: { set_denormal_as_zero: "1", intra_op: { allow_spinning: "0" } } },
    });
  } catch (cause) {
    throw new ModelError(`The ${label} model cannot be loaded`, { cause });
  }
  // The native session is no garbage that anybody collects: a refused model gives it back here.
  await using refused = new AsyncDisposableStack();
  refused.defer(() => session.release());
  const inputs = session.inputMetadata.map((value) => tensorInfo(value, label));
  const outputs = session.outputMetadata.map((value) => tensorInfo(value, label));
  const [input] = inputs;
  if (input === undefined || inputs.length !== 1) {
    throw new ModelError(`The ${label} model has ${inputs.length} inputs instead of 1`);
  }
  const opened = refused.move();
  return {
    input,
    outputs,
    async run(data, shape) {
      const results = await session.run({ [input.name]: new ort.Tensor("float32", data, shape) });
      return outputs.map(({ name }) => results[name]!.data as Float32Array);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function tensorInfo(value: ort.InferenceSession.ValueMetadata, label: string): TensorInfo {
  if (!value.isTensor || value.type !== "float32") {
    throw new ModelError(`The ${label} model's "${value.name}" is not a float32 tensor`);
  }
  return {
    name: value.name,
    shape: value.shape.map((size) => typeof size === "number" && size > 0 ? size : -1),
  };
}
