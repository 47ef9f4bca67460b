/** Reads the output of a process while the process runs. */

type Output = ReadableStream<Uint8Array<ArrayBuffer>>;

/** Calls `add` with each piece of the text of a stream. */
export async function readText(stream: Output, add: (text: string) => void): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) add(text);
}

/** Appends each line of a stream to `lines`, as soon as the line is complete. */
export async function readLines(stream: Output, lines: string[]): Promise<void> {
  let rest = "";
  await readText(stream, (text) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    lines.push(...parts);
  });
  if (rest !== "") lines.push(rest);
}
