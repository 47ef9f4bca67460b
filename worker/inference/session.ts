/** Opens and runs ONNX models. */

import type { InferenceSession } from "onnxruntime-node";
import { type LibraryOptions, loadLibrary, type OnnxRuntime } from "./library.ts";
import { ModelFile } from "./model_file.ts";

/** A float32 input or output. */
export interface TensorInfo {
  /** Name in the model. */
  readonly name: string;
  /** Sizes of the dimensions; -1 for an open dimension, whose size the model does not fix. */
  readonly shape: readonly number[];
}

/** Settings of {@linkcode openSession}. */
export interface SessionOptions {
  /** Threads inside one operator; 1 by default, which gets the most work out of a core. */
  readonly threads?: number;
}

/** A loaded network with one float32 input. Runs are not queued: await each before the next. */
export interface Session extends AsyncDisposable {
  /** Input of a run. */
  readonly input: TensorInfo;
  /** Outputs of a run, in this order. */
  readonly outputs: readonly TensorInfo[];
  /**
   * Runs the network once.
   *
   * @param data Elements of the input, in the order of its shape
   * @param shape Shape of the input, without open dimensions
   * @returns Elements of each output, in the order of {@linkcode Session.outputs}
   */
  run(data: Float32Array, shape: readonly number[]): Promise<Float32Array[]>;
}

/** Error for a model that cannot be loaded or is of the wrong kind. */
export class ModelError extends Error {
  /** Name of the class. */
  override readonly name = "ModelError";
}

/**
 * Loads a network from an ONNX file.
 *
 * @param model The file, or its content
 * @param label Name of the model in error messages, such as "recognition"
 * @param options Settings
 * @throws {ModelError} when the file is not an ONNX model, when it does not have exactly one
 * float32 input, when an output is not float32, or when somebody changed the file meanwhile
 * @throws {TelemetryError} when the telemetry of ONNX Runtime cannot be switched off
 */
export async function openSession(
  model: ModelFile | Uint8Array,
  label: string,
  options: SessionOptions = {},
): Promise<Session> {
  const ort = await loadLibrary();
  let session: InferenceSession;
  try {
    session = await create(ort, model, {
      intraOpNumThreads: options.threads ?? 1,
      interOpNumThreads: 1,
      executionMode: "sequential",
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
      // Denormal weights make a run seven times slower. The setting takes effect only when the
      // first session of the process has it, so every session has it.
      // To order the weights of a matrix product beforehand takes longer than it saves.
      extra: {
        session: {
          set_denormal_as_zero: "1",
          disable_prepacking: "1",
          intra_op: { allow_spinning: "0" },
        },
      },
    });
  } catch (cause) {
    throw new ModelError(`The ${label} model cannot be loaded`, { cause });
  }
  // The garbage collector does not free the native session. So a refused model's session is
  // released here.
  await using refused = new AsyncDisposableStack();
  refused.defer(() => session.release());
  if (model instanceof ModelFile && !await model.isUnchanged()) {
    throw new ModelError(`The ${label} model ${model.path} changed while it was loaded`);
  }
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

function create(
  { InferenceSession }: OnnxRuntime,
  model: ModelFile | Uint8Array,
  options: LibraryOptions,
): Promise<InferenceSession> {
  return model instanceof ModelFile
    ? InferenceSession.create(model.loaded, options)
    : InferenceSession.create(model, options);
}

function tensorInfo(value: InferenceSession.ValueMetadata, label: string): TensorInfo {
  if (!value.isTensor || value.type !== "float32") {
    throw new ModelError(`The ${label} model's "${value.name}" is not a float32 tensor`);
  }
  return {
    name: value.name,
    shape: value.shape.map((size) => typeof size === "number" && size > 0 ? size : -1),
  };
}
