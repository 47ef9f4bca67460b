import { assertEquals, assertRejects } from "@std/assert";
import { packTarball } from "./fake_registry.ts";
import { readTarball } from "./read_tarball.ts";

const TARBALL = await packTarball({ "model/a.onnx": "a", "model/b.onnx": "b", "c.onnx": "c" });

async function* inPieces(bytes: Uint8Array, size: number) {
  for (let start = 0; start < bytes.length; start += size) {
    yield await Promise.resolve(bytes.subarray(start, start + size));
  }
}

Deno.test("only the wanted files are kept, for chunks of any size", async () => {
  for (const size of [1, 100, TARBALL.length]) {
    const wanted = new Set(["model/b.onnx", "c.onnx", "absent.onnx"]);
    const contents = await readTarball(inPieces(TARBALL, size), wanted);
    assertEquals([...contents.keys()].sort(), ["c.onnx", "model/b.onnx"]);
    assertEquals(new TextDecoder().decode(contents.get("model/b.onnx")), "b");
  }
});

Deno.test("a tarball that ends early is an error, and so are bytes that are not a tarball", async () => {
  const half = TARBALL.subarray(0, TARBALL.length / 2);
  await assertRejects(() => readTarball(inPieces(half, 50), new Set(["c.onnx"])), Error);
  const text = new TextEncoder().encode("<html>Please log in</html>".repeat(100));
  await assertRejects(() => readTarball(inPieces(text, 50), new Set(["c.onnx"])), Error);
});

Deno.test("an error of the stream is thrown", async () => {
  async function* source() {
    yield TARBALL.subarray(0, 20);
    await Promise.reject(new Error("Connection lost"));
  }
  await assertRejects(() => readTarball(source(), new Set()), Error, "Connection lost");
});
