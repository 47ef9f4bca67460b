/** Error for a source that cannot be generated from, such as a setting without a description. */
export class GenerateError extends Error {
  override readonly name = "GenerateError";
}
