import { assertEquals } from "@std/assert";
import { readJpeg } from "./jpeg.ts";
import type { Structure } from "./structure.ts";
import { emptyJpeg, segment, withSegments } from "../../tests/support/jpeg.ts";
import { concatBytes } from "../../tests/support/png.ts";

const SIZE = { width: 300, height: 200 };
const BASELINE = emptyJpeg(SIZE);
const PROGRESSIVE = emptyJpeg({ ...SIZE, frame: 0xc2, sampling: [0x22, 0x11, 0x11] });

function sound(bytes: Uint8Array, label?: string): Extract<Structure, { kind: "sound" }> {
  const structure = readJpeg(bytes);
  if (structure.kind !== "sound") throw new Error(`${label}: ${structure.fault}`);
  return structure;
}

const kind = (bytes: Uint8Array): string => readJpeg(bytes).kind;

Deno.test("the size of a JPEG is that of its frame", () => {
  assertEquals(sound(BASELINE), { kind: "sound", ...SIZE, heldBytes: 0 });
});

Deno.test("a JPEG of several scans is held as coefficients, two bytes each", () => {
  const pixels = SIZE.width * SIZE.height;
  const cases: [sampling: number[], bytesPerPixel: number][] = [
    [[0x11], 2],
    [[0x22, 0x11, 0x11], 3],
    [[0x21, 0x11, 0x11], 4],
    [[0x11, 0x11, 0x11], 6],
    // libvips calls these three 4:2:0.
    [[0x22, 0x22, 0x22], 6],
    [[0x11, 0x44, 0x44], 4.125],
    [[0x22, 0x22, 0x11], 4.5],
    [[0x11, 0x11, 0x11, 0x11], 8],
  ];
  for (const [sampling, bytes] of cases) {
    const progressive = emptyJpeg({ ...SIZE, frame: 0xc2, sampling });
    assertEquals(sound(progressive).heldBytes, bytes * pixels, `${sampling}`);
    if (sampling.length === 1) continue;
    const oneByOne = emptyJpeg({ ...SIZE, sampling, scansOfEach: 1 });
    assertEquals(sound(oneByOne).heldBytes, bytes * pixels, `${sampling}`);
    assertEquals(sound(emptyJpeg({ ...SIZE, sampling })).heldBytes, 0, `${sampling}`);
  }
});

Deno.test("every beginning of a JPEG is refused", () => {
  for (const jpeg of [BASELINE, PROGRESSIVE]) {
    for (let length = 3; length < jpeg.length; length++) {
      assertEquals(kind(jpeg.subarray(0, length)), "damaged", `${length} bytes`);
    }
  }
});

Deno.test("what decoders skip is skipped: fill bytes, stray bytes, restart markers, trailers", () => {
  const skipped = [
    Uint8Array.of(0xff, 0xff, 0xff),
    Uint8Array.of(0, 7, 0xff, 0, 9),
    Uint8Array.of(0xff, 0xd3, 0xff, 0x01),
    // A length of 0 counts as an empty segment.
    Uint8Array.of(0xff, 0xe5, 0, 0),
    segment(0xe1, BASELINE),
    segment(0xfe, [0xff, 0xd9]),
  ];
  for (const jpeg of [BASELINE, PROGRESSIVE]) {
    for (const bytes of skipped) sound(withSegments(jpeg, bytes), `${bytes}`);
    for (const trailer of [new Uint8Array(100), BASELINE, Uint8Array.of(0xff)]) {
      sound(concatBytes(jpeg, trailer));
    }
    const scan = concatBytes(
      jpeg.subarray(0, -2),
      Uint8Array.of(1, 0xff, 0, 0xff, 0xd0, 2, 0xff, 0xff, 0xd1),
      jpeg.subarray(-2),
    );
    sound(scan);
  }
});

Deno.test("up to 32 scans and 1,024 markers are read", () => {
  const scans = (count: number) => emptyJpeg({ ...SIZE, frame: 0xc2, scansOfEach: count });
  assertEquals([kind(scans(32)), kind(scans(33)), kind(scans(2646))], [
    "sound",
    "excessive",
    "excessive",
  ]);
  const sequential = emptyJpeg({ ...SIZE, sampling: [0x11, 0x11, 0x11], scansOfEach: 11 });
  assertEquals(kind(sequential), "excessive");
  // The picture itself has five segments.
  const segments = (count: number) =>
    withSegments(BASELINE, ...Array.from({ length: count }, () => segment(0xe5)));
  assertEquals([kind(segments(1019)), kind(segments(1020))], ["sound", "excessive"]);
});

Deno.test("markers of every kind count, wherever they are, except for restart markers", () => {
  const times = (code: number, count: number) =>
    new Uint8Array(2 * count).map((_, i) => i % 2 === 0 ? 0xff : code);
  // After the last marker comes a byte, so that the end marker is searched for.
  const scan = (jpeg: Uint8Array, markers: Uint8Array) =>
    kind(concatBytes(jpeg.subarray(0, -2), markers, jpeg.subarray(-2), new Uint8Array(1)));
  for (const jpeg of [BASELINE, PROGRESSIVE]) {
    for (const code of [0x01, 0x02, 0xbf]) {
      assertEquals([scan(jpeg, times(code, 1019)), scan(jpeg, times(code, 1020))], [
        "sound",
        "excessive",
      ]);
    }
    assertEquals(scan(jpeg, times(0xd0, 100_000)), "sound");
    assertEquals(scan(jpeg, times(0, 100_000)), "sound");
    const before = [1019, 1020].map((count) => kind(withSegments(jpeg, times(0x01, count))));
    assertEquals(before, ["sound", "excessive"]);
  }
  for (const code of [0xc4, 0xd8, 0xe5]) {
    assertEquals(scan(BASELINE, times(code, 1020)), "excessive");
  }
});

Deno.test("a frame that the decoder does not read is refused", () => {
  const at = BASELINE.findIndex((byte, i) => byte === 0xff && BASELINE[i + 1] === 0xc0);
  const changed = (offset: number, ...bytes: number[]) => {
    const copy = BASELINE.slice();
    copy.set(bytes, at + offset);
    return copy;
  };
  const cases: [string, Uint8Array][] = [
    ["12 bits", changed(4, 12)],
    ["no rows", changed(5, 0, 0)],
    ["no columns", changed(7, 0, 0)],
    ["too many channels", changed(9, 2)],
    ["no sampling", changed(11, 0x10)],
    ["too much sampling", changed(11, 0x51)],
    ["lossless", changed(1, 0xc3)],
    ["arithmetic", changed(1, 0xc9)],
    ["progressive arithmetic", changed(1, 0xca)],
    ["two frames", withSegments(BASELINE, BASELINE.subarray(at, at + 13))],
    ["a scan before the frame", withSegments(BASELINE, segment(0xda, [1, 1, 0, 0, 63, 0]))],
    ["a second start", withSegments(BASELINE, Uint8Array.of(0xff, 0xd8))],
    ["a reserved marker", withSegments(BASELINE, Uint8Array.of(0xff, 0x02, 0, 2))],
    ["an end before the scan", withSegments(BASELINE, Uint8Array.of(0xff, 0xd9))],
  ];
  for (const [label, bytes] of cases) assertEquals(kind(bytes), "damaged", label);
});
