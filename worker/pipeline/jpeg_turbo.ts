/**
 * Decodes ordinary JPEGs with libjpeg-turbo. It gives the same pixels as sharp, in a fifth of the
 * time: docs/adr/0041-libjpeg-turbo.md.
 */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { JpegMarkers } from "../../shared/picture/jpeg_marker.ts";
import { hasText, uint16 } from "../../shared/picture/structure.ts";
import type { Size } from "./detect.ts";

/**
 * Decodes a picture into interleaved RGB.
 *
 * @param bytes A picture for which {@linkcode isOrdinaryJpeg} is true
 * @param size Size of the picture, in pixels
 * @returns undefined when the library would have to guess or to warn. sharp then decides
 */
export type JpegDecoder = (bytes: Uint8Array, size: Size) => Uint8Array | undefined;

const DHT = 0xc4, DQT = 0xdb, DRI = 0xdd, SOS = 0xda, APP0 = 0xe0, COM = 0xfe;
/** Baseline, and extended: both are decoded row by row. */
const FRAMES: readonly number[] = [0xc0, 0xc1];
const HEADER: readonly number[] = [DHT, DQT, DRI, APP0, COM];

/**
 * Returns true for a JPEG of three channels with one scan, and with nothing that changes its pixels:
 * no orientation and no colour profile.
 *
 * @param bytes A picture that `checkPicture` accepts
 */
export function isOrdinaryJpeg(bytes: Uint8Array): boolean {
  if (!hasText(bytes, 0, "\xff\xd8")) return false;
  const markers = new JpegMarkers(bytes);
  let hasFrame = false;
  for (let at = 2;;) {
    const code = markers.next(at);
    if (code === undefined || markers.end !== at + 2) return false;
    const content = at + 4;
    if (FRAMES.includes(code)) {
      if (hasFrame || bytes[content + 5] !== CHANNELS) return false;
      hasFrame = true;
    } else if (code === SOS) {
      return hasFrame && bytes[content] === CHANNELS;
    } else if (!HEADER.includes(code)) {
      return false;
    }
    at = markers.end + uint16(bytes, markers.end);
  }
}

const CHANNELS = 3;

/** Functions of TurboJPEG's API. */
const SYMBOLS = {
  tj3Init: { parameters: ["i32"], result: "pointer" },
  tj3Set: { parameters: ["pointer", "i32", "i32"], result: "i32" },
  tj3Get: { parameters: ["pointer", "i32"], result: "i32" },
  tj3DecompressHeader: { parameters: ["pointer", "buffer", "usize"], result: "i32" },
  tj3Decompress8: {
    parameters: ["pointer", "buffer", "usize", "buffer", "i32", "i32"],
    result: "i32",
  },
  tj3Destroy: { parameters: ["pointer"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

// Constants of turbojpeg.h.
const INIT_DECOMPRESS = 1, PIXELS_RGB = 0;
const STOP_ON_WARNING = 0, WIDTH = 5, HEIGHT = 6, MAX_MEMORY_MB = 23;

/** Memory for the rows of a picture that is at most 16,384 pixels wide. It takes 2 MB. */
const ROWS_MB = 16;

/** The folder of the library in the package, for each system. Elsewhere it is a part of the addon. */
const FOLDERS: Readonly<Record<string, string>> = {
  "linux-arm64": "jpeg-turbo-linux-arm64",
  "linux-x64": "jpeg-turbo-linux-x64",
};

/** Error for a library that the package has for this system, and that cannot be loaded. */
export class JpegDecoderError extends Error {
  /** Name of the class. */
  override readonly name = "JpegDecoderError";
}

/**
 * Loads libjpeg-turbo. Its library is called directly: the addon of the package takes a less exact
 * way to decode, and has no bound on memory.
 *
 * @param system Operating system and architecture; those of this process by default
 * @returns undefined when the package has no library for the system
 * @throws {JpegDecoderError} when it has one that cannot be loaded
 */
export function loadJpegDecoder(
  system = `${process.platform}-${process.arch}`,
): JpegDecoder | undefined {
  const folder = FOLDERS[system];
  if (folder === undefined) return undefined;
  const library = openLibrary(folder);
  return (bytes, { width, height }) => {
    const source = bytes as Uint8Array<ArrayBuffer>, length = BigInt(bytes.byteLength);
    using cleanup = new DisposableStack();
    const handle = cleanup.adopt(library.tj3Init(INIT_DECOMPRESS), library.tj3Destroy);
    const isSet = [[STOP_ON_WARNING, 1], [MAX_MEMORY_MB, ROWS_MB]]
      .every(([name, value]) => library.tj3Set(handle, name!, value!) === 0);
    // The size is read again from the same bytes: the library must not write more than there is room.
    if (
      !isSet || library.tj3DecompressHeader(handle, source, length) !== 0 ||
      library.tj3Get(handle, WIDTH) !== width || library.tj3Get(handle, HEIGHT) !== height
    ) return undefined;
    const data = new Uint8Array(width * height * CHANNELS);
    const failed = library.tj3Decompress8(handle, source, length, data, 0, PIXELS_RGB);
    return failed === 0 ? data : undefined;
  };
}

/** @throws {JpegDecoderError} as {@linkcode loadJpegDecoder} does */
function openLibrary(folder: string) {
  try {
    const root = dirname(createRequire(import.meta.url).resolve("@julusian/jpeg-turbo"));
    const path = join(root, "prebuilds", folder, "libturbojpeg.so.0");
    return Deno.dlopen(path, SYMBOLS).symbols;
  } catch (cause) {
    throw new JpegDecoderError("libjpeg-turbo, which decodes JPEGs, cannot be loaded", { cause });
  }
}

let loaded: { readonly decoder: JpegDecoder | undefined } | undefined;

/**
 * Returns the decoder of this process, and loads it at the first call. A sealed worker can load
 * nothing more. It has decoded a JPEG in its warm-up.
 *
 * @throws {JpegDecoderError} as {@linkcode loadJpegDecoder} does
 */
export const jpegDecoder = (): JpegDecoder | undefined =>
  (loaded ??= { decoder: loadJpegDecoder() }).decoder;
