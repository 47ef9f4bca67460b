import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import sharp from "sharp";
import { isPlainProfile } from "./colour_profile.ts";
import {
  chainProfile,
  elementChain,
  profileOf,
  type ProfileTag,
  screenTags,
  typed,
  u32,
} from "../../tests/support/colour_profile.ts";
import { concatBytes } from "../../tests/support/png.ts";

const zeros = (length: number) => new Uint8Array(length);
const u16 = (...values: number[]) => u32(...values).filter((_, i) => i % 4 > 1);
const isPlain = (...tags: ProfileTag[]) => isPlainProfile(profileOf(tags));

/** Makes a table of bytes, with the curves around it. */
const table8 = (input: number, output: number, grid: number, length: number) =>
  typed("mft1", Uint8Array.of(input, output, grid, 0), zeros(36 + length));

/** Makes a table of 16 bits, with curves of two points around it. */
const table16 = (input: number, output: number, grid: number, length: number, points = 2) =>
  typed("mft2", Uint8Array.of(input, output, grid, 0), zeros(36), u16(points, 2), zeros(length));

/** Makes curves and a table of 16 bits with as many points as `grid` says along each channel. */
const curvesAndTable = (input: number, output: number, grid: number[], length: number) =>
  typed(
    "mAB ",
    Uint8Array.of(input, output, 0, 0),
    u32(32, 0, 0, 32, 32),
    Uint8Array.of(...grid, ...zeros(16 - grid.length), 2, 0, 0, 0),
    zeros(length),
  );

async function profilesOfPrograms(): Promise<[string, Uint8Array][]> {
  const create = { width: 1, height: 1, channels: 3 as const, background: "red" };
  const names = ["srgb", "p3", "cmyk"];
  return await Promise.all(names.map(async (name) => {
    const jpeg = await sharp({ create }).withIccProfile(name).jpeg().toBuffer();
    return [name, (await sharp(jpeg).metadata()).icc!];
  }));
}

Deno.test("the profiles that programs write are plain", async () => {
  for (const [name, profile] of await profilesOfPrograms()) assert(isPlainProfile(profile), name);
  const curves = [
    typed("curv", u32(0)),
    typed("curv", u32(1), u16(563)),
    typed("curv", u32(4096), zeros(8192)),
    typed("para", Uint8Array.of(0, 3, 0, 0), zeros(20)),
  ];
  for (const curve of curves) assert(isPlain(...screenTags(curve)));
  const gray: ProfileTag[] = [["kTRC", curves[1]!]];
  assert(isPlainProfile(profileOf(gray, { space: "GRAY" })));
  // Others than the decoder reads: the programs' own.
  assert(isPlain(...screenTags(), ["desc", typed("mluc", zeros(40))], ["MS00", typed("MS10")]));
});

Deno.test("a profile with a chain of elements is not plain, wherever it is", () => {
  for (const elements of [0, 1, 3, 30_000]) {
    for (const name of ["D2B0", "D2B1", "D2B3", "B2D0", "A2B0", "rTRC", "abcd"]) {
      assertEquals(isPlainProfile(chainProfile(elements, name)), false, `${elements} ${name}`);
    }
  }
  assertEquals(isPlain(["D2B0", typed("mft1")]), false, "another type");
  assertEquals(isPlain(["abcd", elementChain(2)]), false);
});

Deno.test("tables must lie within their tags", () => {
  const cases: [string, Uint8Array, Uint8Array][] = [
    ["8 bits", table8(3, 3, 4, 3 * 256 + 192), table8(3, 3, 4, 3 * 256 + 191)],
    ["16 bits", table16(4, 3, 3, 16 + 486), table16(4, 3, 3, 16 + 485)],
    ["curves", curvesAndTable(3, 3, [2, 3, 4], 144), curvesAndTable(3, 3, [2, 3, 4], 143)],
  ];
  for (const name of ["A2B0", "A2B1", "B2A0"]) {
    for (const [label, complete, incomplete] of cases) {
      assertEquals([isPlain([name, complete]), isPlain([name, incomplete])], [true, false], label);
    }
  }
  const huge = [
    table8(3, 3, 255, 1000),
    table8(15, 15, 2, 1_600_000),
    table8(255, 255, 255, 70_000),
    table16(3, 3, 255, 1000),
    table16(3, 3, 2, 2000, 65_535),
    curvesAndTable(3, 3, [255, 255, 255], 1000),
    curvesAndTable(16, 3, Array(16).fill(255), 1000),
    typed("mft1"),
    typed("mft2"),
    typed("mAB "),
    typed("ncl2", u32(0, 0xffffffff)),
  ];
  for (const table of huge) assertEquals(isPlain(["A2B0", table]), false);
});

Deno.test("curves of many entries, many tags and large profiles are not plain", () => {
  const curve = (declared: number, bytes: number) =>
    isPlain(...screenTags(typed("curv", u32(declared), zeros(bytes))));
  assertEquals([curve(16_384, 32_768), curve(16_385, 32_770), curve(100, 199)], [
    true,
    false,
    false,
  ]);
  assertEquals([curve(0xffffffff, 100), isPlain(["kTRC", typed("XYZ ")])], [false, false]);
  const many = (count: number) =>
    isPlain(...Array.from({ length: count }, (): ProfileTag => ["abcd", typed("text")]));
  assertEquals([many(100), many(101)], [true, false]);
  const padded = (length: number) => isPlainProfile(concatBytes(profileOf([]), zeros(length)));
  assertEquals([padded(3_999_868), padded(3_999_869)], [true, false]);
});

Deno.test("other kinds of profiles are not plain", () => {
  const tags = screenTags();
  for (
    const head of [
      { deviceClass: "link" },
      { deviceClass: "nmcl" },
      { deviceClass: "abst" },
      { space: "15CL" },
      { space: "Lab " },
      { connection: "RGB " },
    ]
  ) assertEquals(isPlainProfile(profileOf(tags, head)), false, JSON.stringify(head));
  const profile = profileOf(tags);
  for (let length = 0; length < profile.length - 3; length++) {
    assertEquals(isPlainProfile(profile.subarray(0, length)), false, `${length} bytes`);
  }
});

Deno.test("any bytes are judged without an error", () => {
  const profile = profileOf([
    ...screenTags(),
    ["A2B0", table8(3, 3, 2, 800)],
    ["A2B1", table16(3, 3, 2, 100)],
    ["A2B2", curvesAndTable(3, 3, [2, 2, 2], 48)],
  ]);
  const changes = fc.array(fc.tuple(fc.nat(profile.length - 1), fc.nat(255)), { maxLength: 9 });
  fc.assert(fc.property(changes, fc.nat(profile.length), (changes, length) => {
    const damaged = profile.slice(0, length);
    for (const [at, byte] of changes) damaged[at] = byte;
    assertEquals(typeof isPlainProfile(damaged), "boolean");
  }));
});
