/** Reads the structure of a JPEG (ITU-T T.81, annex B). */

import { ExifDirectories } from "./exif_directories.ts";
import { JpegMarkers } from "./jpeg_marker.ts";
import {
  type BrokenStructure,
  damaged,
  excessive,
  type Structure,
  uint16,
  viewOf,
} from "./structure.ts";

/**
 * Most scans of a picture. libjpeg writes 10 for colour, and its formula gives 18 for four channels.
 * mozjpeg wrote 5 to 8. The decoder visits all pixels again for each scan, even for an empty one of
 * 10 bytes. This takes 10 ms for 50 million pixels.
 */
const MAX_SCANS = 32;

/**
 * Most markers, and so most segments. A colour profile has up to 255 segments, and a picture of
 * 10 MiB has room for 160 full ones. The decoder keeps a record of each. Restart markers do not
 * count: a sound scan may have any number.
 */
const MAX_MARKERS = 1024;

const TEM = 0x01, DHT = 0xc4, SOI = 0xd8, EOI = 0xd9, SOS = 0xda, APP1 = 0xe1;

/** Frames that the decoder reads: baseline, extended and progressive, all with Huffman codes. */
const FRAMES: readonly number[] = [0xc0, 0xc1, 0xc2];
const PROGRESSIVE = 0xc2;

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly progressive: boolean;
  /** Bytes of all coefficients, which take two bytes each. */
  readonly coefficientBytes: number;
}

/**
 * Reads the structure of a JPEG, from its start to its end marker. Bytes after the end are ignored:
 * phones append other pictures and films there.
 *
 * The decoder reads a picture with one scan row by row, and never looks at what follows the scan. So
 * this function only looks for an end marker there.
 */
export function readJpeg(bytes: Uint8Array): Structure {
  const markers = new JpegMarkers(bytes);
  const exif = new ExifDirectories();
  let frame: Frame | undefined;
  let found = 0, scans = 0, at = 2;
  for (;;) {
    const code = markers.next(at);
    if (code === undefined) return damaged("no end marker");
    if (code === EOI) break;
    if (++found > MAX_MARKERS) return excessive(TOO_MANY_MARKERS);
    const start = at = markers.end;
    if (code === TEM) continue;
    if (!isSegment(code)) {
      // Inside a scan, the decoder may skip the marker, and continue at the next restart marker.
      if (scans > 0 && code < 0xc0) continue;
      return damaged(`unexpected marker ${code.toString(16)}`);
    }
    if (start + 2 > bytes.length) return damaged("incomplete segment");
    // The decoder takes a length of 0 or 1 as an empty segment.
    const end = start + Math.max(2, uint16(bytes, start));
    if (end > bytes.length) return damaged("incomplete segment");
    const content = bytes.subarray(start + 2, end);
    at = end;
    if (isFrame(code)) {
      if (frame !== undefined) return damaged("a second frame");
      const read = readFrame(code, content);
      if ("kind" in read) return read;
      frame = read;
    } else if (code === SOS) {
      if (frame === undefined) return damaged("a scan before the frame");
      const oneScan = !frame.progressive && content[0] === frame.channels;
      if (oneScan && scans === 0) {
        return findEnd(bytes, markers, end, found) ?? sound(frame, 0);
      }
      if (++scans > MAX_SCANS) return excessive(`more than ${MAX_SCANS} scans`);
    } else if (code === APP1 && !exif.takeSegment(content)) {
      return excessive("EXIF with too many directories");
    }
  }
  if (frame === undefined || scans === 0) return damaged("no scan");
  // The decoder reads all scans before it can return the first row.
  return sound(frame, frame.coefficientBytes);
}

const TOO_MANY_MARKERS = `more than ${MAX_MARKERS} markers`;

/** True for markers that a length and a content follow. */
const isSegment = (code: number): boolean =>
  code >= 0xc0 && code < 0xf0 && code !== 0xc8 && code !== SOI && code !== 0xde && code !== 0xdf ||
  code === 0xfe;

/** True for SOF0 to SOF15. DHT and DAC lie between them. */
const isFrame = (code: number): boolean =>
  code >= 0xc0 && code <= 0xcf && code !== DHT && code !== 0xcc;

function readFrame(code: number, content: Uint8Array): Frame | BrokenStructure {
  if (!FRAMES.includes(code)) return damaged("arithmetic coding, or another rare kind of JPEG");
  if (content.length < 6 || content[0] !== 8) return damaged("a frame without 8 bits a channel");
  const view = viewOf(content);
  const height = view.getUint16(1), width = view.getUint16(3), channels = content[5]!;
  if (width === 0 || height === 0) return damaged("a frame without pixels");
  if (channels === 0 || channels > 4 || content.length !== 6 + 3 * channels) {
    return damaged("a frame with wrong channels");
  }
  const factors = Array.from({ length: channels }, (_, i) => content[7 + 3 * i]!);
  const across = factors.map((factor) => factor >> 4), down = factors.map((factor) => factor & 15);
  if ([...across, ...down].some((factor) => factor < 1 || factor > 4)) {
    return damaged("a frame with wrong sampling factors");
  }
  const pixelsOf = (i: number) =>
    (width * across[i]! / Math.max(...across)) * (height * down[i]! / Math.max(...down));
  const coefficients = factors.reduce((sum, _, i) => sum + pixelsOf(i), 0);
  return {
    width,
    height,
    channels,
    progressive: code === PROGRESSIVE,
    coefficientBytes: Math.ceil(coefficients) * 2,
  };
}

const sound = ({ width, height }: Frame, heldBytes: number): Structure => (
  { kind: "sound", width, height, heldBytes }
);

/**
 * Looks for an end marker anywhere after an offset. Returns the fault when there is none, or too
 * many others before it.
 *
 * @param found Number of markers before the offset
 */
function findEnd(
  bytes: Uint8Array,
  markers: JpegMarkers,
  from: number,
  found: number,
): BrokenStructure | undefined {
  // In most pictures it comes last.
  const last = bytes.length - 1;
  if (last > from && bytes[last - 1] === 0xff && bytes[last] === EOI) return undefined;
  for (let code = markers.next(from); code !== EOI; code = markers.next(markers.end)) {
    if (code === undefined) return damaged("no end marker");
    if (++found > MAX_MARKERS) return excessive(TOO_MANY_MARKERS);
  }
  return undefined;
}
