/** Reports why files of a published package could not be fetched. */

/** Error for files that could not be fetched; the one-line message names the reason. */
export class FetchError extends Error {
  override readonly name = "FetchError";
}
