import { assertEquals } from "@std/assert";
import sharp from "sharp";
import { adviseConversion } from "./other_formats.ts";

const bytes = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Makes the first box of an ISO base media file. */
const ftyp = (...brands: [major: string, ...compatible: string[]]): string => {
  const [major, ...compatible] = brands;
  const size = 16 + compatible.length * 4;
  return `\0\0\0${String.fromCharCode(size)}ftyp${major}\0\0\0\0${compatible.join("")}`;
};

Deno.test("a photo in another format gets the name of its format and what to do", () => {
  const formats: Record<string, string> = {
    [ftyp("heic", "mif1", "heic")]: "HEIC",
    [ftyp("mif1", "mif1", "heic", "miaf")]: "HEIC",
    [ftyp("mif1", "avif", "miaf")]: "AVIF",
    [ftyp("avif", "avif", "mif1")]: "AVIF",
    [ftyp("mif1")]: "HEIF",
    [ftyp("crx ", "crx ", "isom")]: "raw Canon",
    "GIF89a\x01\0\x01\0": "GIF",
    "II*\0\x10\0\0\0CR\x02\0": "raw Canon",
    "II*\0\x08\0\0\0\x1b\0": "TIFF or raw",
    "MM\0*\0\0\0\x08": "TIFF or raw",
    "FUJIFILMCCD-RAW 0201": "raw Fujifilm",
    "IIU\0\x18\0\0\0": "raw Panasonic",
    "\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL",
  };
  for (const [start, format] of Object.entries(formats)) {
    assertEquals(
      adviseConversion(bytes(start + "\0".repeat(100))),
      `${format} photo: convert it to JPEG`,
    );
  }
});

Deno.test("photos that a real encoder wrote are recognised", async () => {
  const photo = sharp({ create: { width: 16, height: 16, channels: 3, background: "red" } });
  const encoded = {
    AVIF: await photo.clone().avif().toBuffer(),
    GIF: await photo.clone().gif().toBuffer(),
    "TIFF or raw": await photo.clone().tiff().toBuffer(),
  };
  for (const [format, file] of Object.entries(encoded)) {
    assertEquals(adviseConversion(file), `${format} photo: convert it to JPEG`);
  }
  for (const accepted of ["jpeg", "png", "webp"] as const) {
    assertEquals(adviseConversion(await photo.clone().toFormat(accepted).toBuffer()), undefined);
  }
});

Deno.test("other files get no advice", () => {
  const others = ["", "a note", "\0\0\0\x18ftypisom\0\0\0\0mp42isom", "%PDF-1.7", "ftyp", "\xff"];
  for (const other of others) assertEquals(adviseConversion(bytes(other)), undefined, other);
});
