/** Reads the output of a process while the process runs. */

type Output = ReadableStream<Uint8Array<ArrayBuffer>>;

/** Passes on all text of a stream, piece by piece. */
export async function readText(stream: Output, add: (text: string) => void): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) add(text);
}

/** Appends the lines of a stream to `lines`, each when it is complete. */
export async function readLines(stream: Output, lines: string[]): Promise<void> {
  let rest = "";
  await readText(stream, (text) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    lines.push(...parts);
  });
  if (rest !== "") lines.push(rest);
}
