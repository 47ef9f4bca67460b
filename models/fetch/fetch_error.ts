/** Reports why files of a published package could not be fetched. */

/** Error for files that could not be fetched; the message is one sentence that says what to do. */
export class FetchError extends Error {
  /** Always "FetchError". */
  override readonly name = "FetchError";
}
