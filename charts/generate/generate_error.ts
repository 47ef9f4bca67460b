/** Error for a bad source of generated files, such as a setting without a description. */
export class GenerateError extends Error {
  override readonly name = "GenerateError";
}
