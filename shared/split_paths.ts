/** Paths of a model that was split while the worker's image was built. */

/** Paths of the files of a split model. The graph names the weights by their file name. */
export interface SplitPaths {
  readonly graph: string;
  readonly weights: string;
  /** Path of the file that tells what the other two are. */
  readonly record: string;
}

/**
 * Returns the paths of the files that a model is split into. They are beside it.
 *
 * @param model Path of the model
 */
export function splitPaths(model: string): SplitPaths {
  const stem = model.replace(/\.onnx$/, "");
  return { graph: `${stem}.graph`, weights: `${stem}.weights`, record: `${stem}.split.json` };
}
