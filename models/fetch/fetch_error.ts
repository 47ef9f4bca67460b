/** What goes wrong when files are fetched out of a published package. */

/** Files could not be fetched; the message is one sentence that says what to do or to look at. */
export class FetchError extends Error {
  /** Always "FetchError". */
  override readonly name = "FetchError";
}
