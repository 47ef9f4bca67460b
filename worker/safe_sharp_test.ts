import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import originalSharp from "sharp";
import { decode } from "./pipeline/decode.ts";
import sharp from "./safe_sharp.ts";
import { Problem } from "../shared/contract/problem.ts";
import { ROOT } from "../tests/support/checkout.ts";
import { ultraHdr } from "../tests/support/jpeg.ts";
import { encoded, sample } from "../tests/support/pictures.ts";

const LIMITS = { maxPixels: 51_000_000 };
const person = sharp(await sample("user1.png")).resize(200).removeAlpha();
const gainMap = await encoded(person.clone().resize(50).grayscale().jpeg());
const text = (content: string) => new TextEncoder().encode(content);

Deno.test("the library itself refuses other formats", async () => {
  const others: [string, Uint8Array][] = [
    ["SVG", text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ["GIF", await encoded(person.clone().gif())],
    ["TIFF", await encoded(person.clone().tiff())],
    ["AVIF", await encoded(person.clone().resize(32).avif({ effort: 0 }))],
    ["PDF", text("%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj")],
    ["PPM", text("P6\n1 1\n255\nabc")],
    ["CSV", text("1,2\n3,4\n")],
  ];
  for (const [format, bytes] of others) {
    // All of the program has one library: importing it directly makes no difference.
    for (const library of [sharp, originalSharp]) {
      const refusal = await library(bytes).metadata().then(() => "decoded", String);
      assertStringIncludes(refusal, "unsupported image format", format);
    }
  }
});

Deno.test("the library reads no file by its path", async () => {
  await assertRejects(() => sharp(`${ROOT}/test-data/user1.png`).metadata(), Error);
});

Deno.test("an Ultra HDR picture is decoded as the plain JPEG in it", async () => {
  for (const progressive of [false, true]) {
    const plain = await encoded(person.clone().jpeg({ progressive }));
    const wrapped = ultraHdr(plain, gainMap);
    // The decoder of Ultra HDR does not tell the colour subsampling and that it is progressive.
    const { isProgressive, chromaSubsampling } = await sharp(wrapped).metadata();
    assertEquals([isProgressive, chromaSubsampling], [progressive, "4:2:0"]);
    assertEquals(await decode(wrapped, LIMITS), await decode(plain, LIMITS));
  }
});

Deno.test("an Ultra HDR picture cannot hide that it needs too much memory", async () => {
  const wall = sharp({ create: { width: 2200, height: 2200, channels: 3, background: "gray" } });
  const large = wall.jpeg({ progressive: true, chromaSubsampling: "4:4:4" });
  const wrapped = ultraHdr(await encoded(large), gainMap);
  const problem = await assertRejects(() => decode(wrapped, { maxPixels: 5_000_000 }), Problem);
  assertEquals(problem.code, "payload_too_large");
});

Deno.test("no program but this module imports the library directly", async () => {
  const importers: string[] = [];
  for (const folder of ["api", "shared", "worker"]) {
    for await (const path of sources(`${ROOT}/${folder}`)) {
      if (/_test\.ts$|\/fake_/.test(path)) continue;
      const source = await Deno.readTextFile(path);
      if (/import (?!type )[^;]* from "sharp"/.test(source)) importers.push(path);
    }
  }
  assertEquals(importers.map((path) => path.slice(ROOT.length).replace(/^\//, "")), [
    "worker/safe_sharp.ts",
  ]);
});

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (name.endsWith(".ts")) yield path;
  }
}
