/** Reads what a process prints. */

/** Longest line. The rest of a longer line is dropped. */
export const MAX_LINE = 1000;

/**
 * Calls `onLine` with each line, until the output ends: a full pipe would block the process. The last
 * line counts only when it is complete.
 */
export async function readLines(
  stdout: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (text: string) => void,
): Promise<void> {
  let rest = "";
  try {
    for await (const text of stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!.slice(0, MAX_LINE);
      for (const line of lines) onLine(line);
    }
  } catch {
    // The process has ended.
  }
}
