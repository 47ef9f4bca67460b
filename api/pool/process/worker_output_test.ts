import { assertEquals } from "@std/assert";
import { readWorkerOutput } from "./worker_output.ts";

const A = "a".repeat(64), B = "b".repeat(64);
const gallery = (loaded: string, seen: string) =>
  JSON.stringify({ gallery: { loaded, seen, without_model: loaded === B } });

/** Reads an output that comes in these pieces, and returns what was reported. */
async function read(pieces: readonly string[]) {
  const seen: string[] = [];
  const { readable, writable } = new TextEncoderStream();
  const output = readWorkerOutput(readable, (fingerprint) => seen.push(fingerprint));
  const writer = writable.getWriter();
  for (const piece of pieces) await writer.write(piece);
  await writer.close();
  return { output, seen };
}

Deno.test("a worker's address and galleries are read, however the lines are cut", async () => {
  const text = `{"listening":"http://127.0.0.1:4000/"}\n${gallery(A, A)}\n${gallery(A, B)}\n`;
  for (const pieces of [[text], [...text]]) {
    const { output, seen } = await read(pieces);
    assertEquals((await output.listening).port, "4000");
    assertEquals(await output.loaded, { fingerprint: A, withoutModel: false });
    assertEquals(seen, [A, B]);
  }
});

Deno.test("the reason of a worker that cannot start is read; without one, the end is told", async () => {
  const { output } = await read([`{"failed":"GalleryError: another model"}\n`]);
  assertEquals(await output.failure, "GalleryError: another model");
  for (const text of ["", `{"failed":5}\n`, `{"failed":"${"x".repeat(1001)}"}\n`]) {
    assertEquals(await (await read([text])).output.failure, undefined);
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
