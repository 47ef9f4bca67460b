/** Tells which colour profiles the decoder may apply (ICC.1:2022). */

import { hasText, uint16, uint32 } from "../../shared/picture/structure.ts";

/** Largest profile. Profiles for print have up to 3 MB, those of screens and cameras a few KB. */
const MAX_BYTES = 4_000_000;

/** Most tags. Profiles have about 20, and the decoder refuses more than 100. */
const MAX_TAGS = 100;

const HEADER_BYTES = 128;
const TAG_BYTES = 12;

/** Most entries of a curve. Curves have up to 4,096. */
const MAX_CURVE_ENTRIES = 16_384;

/** Devices: screens, cameras and scanners, printers, and colour spaces. */
const CLASSES: readonly string[] = ["mntr", "scnr", "prtr", "spac"];
const COLOUR_SPACES: readonly string[] = ["RGB ", "GRAY", "CMYK"];
const CONNECTION_SPACES: readonly string[] = ["XYZ ", "Lab "];

/** Types of the tags that convert colours. The decoder reads no other tags, except for points. */
const CONVERSION = /^([AB]2[AB].|.TRC|pre.|gamt)$/;

/** Conversions by a chain of elements. Any number of elements may lie in the same bytes. */
const CHAIN = /^(D2B.|B2D.)$/;
const CHAIN_TYPE = "mpet";

/** Channels of a table: those of CMYK are the most. */
const MAX_CHANNELS = 4;

/**
 * Returns true when the work to apply a colour profile is bounded by its size. The profiles of
 * cameras, screens, printers and programs are. Parts of a profile may overlap, so a small one can be
 * a lot of work: 1.8 kB in a PNG took 52 s, with a chain of elements that are all the same.
 *
 * @param profile The profile as the decoder reads it from the picture
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isPlainProfile(new Uint8Array(1000)), false);
 * ```
 */
export function isPlainProfile(profile: Uint8Array): boolean {
  if (profile.length < HEADER_BYTES + 4 || profile.length > MAX_BYTES) return false;
  if (
    !CLASSES.includes(textAt(profile, 12)) || !COLOUR_SPACES.includes(textAt(profile, 16)) ||
    !CONNECTION_SPACES.includes(textAt(profile, 20)) || !hasText(profile, 36, "acsp")
  ) return false;
  const tags = uint32(profile, HEADER_BYTES);
  if (tags > MAX_TAGS || HEADER_BYTES + 4 + tags * TAG_BYTES > profile.length) return false;
  for (let i = 0; i < tags; i++) {
    const at = HEADER_BYTES + 4 + i * TAG_BYTES;
    const start = uint32(profile, at + 4), end = start + uint32(profile, at + 8);
    if (end > profile.length) return false;
    if (!isPlainTag(textAt(profile, at), profile.subarray(start, end))) return false;
  }
  return true;
}

const textAt = (bytes: Uint8Array, at: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + 4));

function isPlainTag(name: string, tag: Uint8Array): boolean {
  const type = textAt(tag, 0);
  if (type === CHAIN_TYPE || CHAIN.test(name)) return false;
  if (!CONVERSION.test(name)) return true;
  return CONVERSIONS[type]?.(tag) ?? false;
}

/** True when a tag of each type that the decoder may read is complete. */
const CONVERSIONS: Readonly<Record<string, (tag: Uint8Array) => boolean>> = {
  // A gamma, or a formula with up to seven numbers.
  "para": () => true,
  "curv": (tag) => {
    const entries = uint32(tag, 8);
    return entries <= MAX_CURVE_ENTRIES && 12 + 2 * entries <= tag.length;
  },
  // Curves of 256 entries, a table, and curves, all of single bytes.
  "mft1": (tag) => hasGrid(tag, 8, evenGrid(tag), 1, 48 + 256 * tag[8]!),
  "mft2": (tag) => {
    const input = uint16(tag, 48), output = uint16(tag, 50);
    if (Math.max(input, output) > MAX_CURVE_ENTRIES) return false;
    return hasGrid(tag, 8, evenGrid(tag), 2, 52 + 2 * input * tag[8]!);
  },
  "mAB ": hasCurvesAndGrid,
  "mBA ": hasCurvesAndGrid,
};

/** Returns the points of a table along each input channel, when all have the same number. */
const evenGrid = (tag: Uint8Array): Uint8Array =>
  new Uint8Array(Math.min(tag[8]!, MAX_CHANNELS)).fill(tag[10]!);

/** A tag with up to three rows of curves. They are as many as there are channels. */
function hasCurvesAndGrid(tag: Uint8Array): boolean {
  const at = uint32(tag, 24);
  const grid = tag.subarray(at, at + Math.min(tag[8]!, MAX_CHANNELS));
  if (at === 0) return hasChannels(tag, 8);
  return hasGrid(tag, 8, grid, tag[at + 16]!, at + 20);
}

const hasChannels = (tag: Uint8Array, at: number): boolean =>
  Math.max(tag[at]!, tag[at + 1]!) <= MAX_CHANNELS;

/** Returns true when a table lies within its tag. The decoder reserves the memory before it reads. */
function hasGrid(
  tag: Uint8Array,
  channelsAt: number,
  grid: Uint8Array,
  entryBytes: number,
  start: number,
): boolean {
  if (!hasChannels(tag, channelsAt)) return false;
  const entries = grid.reduce((product, points) => product * points, tag[channelsAt + 1]!);
  return entryBytes > 0 && start + entries * entryBytes <= tag.length;
}
