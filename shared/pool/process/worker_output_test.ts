import { assertEquals } from "@std/assert";
import { readLines } from "../../process/read_lines.ts";
import { createWorkerOutput } from "./worker_output.ts";

const A = "a".repeat(64), B = "b".repeat(64);
const gallery = (loaded: string, seen: string) =>
  JSON.stringify({ gallery: { loaded, seen, without_model: loaded === B } });

/** Reads an output that comes in these pieces, and returns what was reported. */
async function read(pieces: readonly string[]) {
  const seen: string[] = [];
  const { readable, writable } = new TextEncoderStream();
  const output = createWorkerOutput((fingerprint) => seen.push(fingerprint));
  const reading = readLines(readable, output.onLine);
  const writer = writable.getWriter();
  for (const piece of pieces) await writer.write(piece);
  await writer.close();
  await reading;
  return { output, seen };
}

Deno.test("a worker's galleries are read, however the lines are cut", async () => {
  const text = `{"listening":"http://127.0.0.1:4000/"}\n${gallery(A, A)}\n${gallery(A, B)}\n`;
  for (const pieces of [[text], [...text]]) {
    const { output, seen } = await read(pieces);
    assertEquals(await output.loaded, { fingerprint: A, withoutModel: false });
    assertEquals(seen, [A, B]);
  }
});

Deno.test("other lines are dropped, also endless ones", async () => {
  const { output, seen } = await read([
    "hello\n[]\nnull\n{}\n",
    `{"gallery":{"loaded":"x","seen":"y"}}\n`,
    `{"listening":5}\n`,
    ...Array.from({ length: 100 }, () => "x".repeat(100_000)),
    "\n",
    `${gallery(B, A)}\n`,
  ]);
  assertEquals(await output.loaded, { fingerprint: B, withoutModel: true });
  assertEquals(seen, [A]);
});

Deno.test("of many lines that come at once, few are read", async () => {
  const { seen } = await read([`${gallery(A, B)}\n`.repeat(10_000), `${gallery(A, A)}\n`]);
  assertEquals(seen, [...Array.from({ length: 64 }, () => B), A]);
});
