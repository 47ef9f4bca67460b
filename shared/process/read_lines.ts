/** Reads what a process prints. */

/** Longest line. The rest of a longer line is dropped. */
export const MAX_LINE = 1000;

/** Lines of one piece of output, of at most 64 KiB, that are read. Further ones are dropped. */
const MAX_LINES = 64;

/**
 * Calls `onLine` with each line, until the output ends: a full pipe would block the process. The last
 * line counts only when it is complete.
 *
 * @param signal Closes the output
 */
export async function readLines(
  stdout: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (text: string) => void,
  signal?: AbortSignal | undefined,
): Promise<void> {
  let rest = "";
  try {
    for await (const text of stdout.pipeThrough(new TextDecoderStream(), signal && { signal })) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!.slice(0, MAX_LINE);
      for (const line of lines.slice(0, MAX_LINES)) onLine(line);
    }
  } catch {
    // The process has ended, or the signal has aborted.
  }
}
