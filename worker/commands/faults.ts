/** Makes bad photos from good ones, to measure how many of them the quality gate refuses. */

import { Buffer } from "node:buffer";
import type { Sharp } from "sharp";
import type { Box, Point } from "../pipeline/image.ts";
import type { FivePoints } from "../pipeline/landmarks.ts";
import sharp from "../pipeline/safe_sharp.ts";

/** A face in a good photo, in pixels of the upright photo. */
export interface FaceInPhoto {
  readonly box: Box;
  readonly points: FivePoints;
}

/** A fault that a photo can have. */
export interface Fault {
  /** Name in tables, such as "turned by 90°". */
  readonly name: string;
  /** True when the face no longer stands upright. */
  readonly turned: boolean;
  /** Returns the photo with this fault, as a PNG or a JPEG. */
  readonly spoil: (photo: Uint8Array, face: FaceInPhoto) => Promise<Uint8Array>;
}

/** The faults. The size of each is relative to the face, so photos of all sizes get the same. */
export const FAULTS: readonly Fault[] = [
  ...[90, 180, 270, 30, 45, 60, 135].map(turned),
  ...[2, 4, 6].map(blurred),
  gamma("dark (gamma 5)", 5),
  gamma("bright (gamma 0.2)", 0.2),
  covered("a mask over nose and mouth", "#dfe8ee", [[-2, 0.9], [0, 0.6], [2, 0.9], [1.4, 3.6], [
    -1.4,
    3.6,
  ]]),
  covered("dark glasses", "#111", [[-2.1, -0.6], [2.1, -0.6], [1.9, 0.7], [-1.9, 0.7]]),
  covered("one half covered", "#555", [[0, -3], [3, -3], [3, 4], [0, 4]]),
  { name: "JPEG of quality 5", turned: false, spoil: compress },
  { name: "a face of 20 pixels, enlarged", turned: false, spoil: lowerResolution },
  { name: "noise (sigma 30)", turned: false, spoil: addNoise },
];

function turned(degrees: number): Fault {
  return {
    name: `turned by ${degrees}°`,
    turned: true,
    spoil: (photo) => png(sharp(photo).autoOrient().rotate(degrees, { background: "gray" })),
  };
}

/** Blurs with a Gaussian whose sigma is a percentage of the face's width. */
function blurred(percent: number): Fault {
  return {
    name: `blurred by ${percent} % of the face`,
    turned: false,
    spoil: (photo, { box }) =>
      png(sharp(photo).autoOrient().blur(Math.max((box.right - box.left) * percent / 100, 0.3))),
  };
}

function gamma(name: string, exponent: number): Fault {
  const change = (value: number) => 255 * (value / 255) ** exponent;
  return { name, turned: false, spoil: (photo) => changeValues(photo, change) };
}

/**
 * Covers a part of the face. The corners are in units of the face: (0, 0) lies between the eyes, x
 * grows by 1 to the eye on the right, and y grows by 1 along the same distance towards the mouth.
 */
function covered(name: string, colour: string, corners: readonly Point[]): Fault {
  return {
    name,
    turned: false,
    async spoil(photo, { points: [left, right] }) {
      const upright = await sharp(photo).autoOrient().png().toBuffer({ resolveWithObject: true });
      const x = (left[0] + right[0]) / 2, y = (left[1] + right[1]) / 2;
      const ux = (right[0] - left[0]) / 2, uy = (right[1] - left[1]) / 2;
      const polygon = corners.map(([u, v]) => `${x + u * ux - v * uy},${y + u * uy + v * ux}`);
      const { width, height } = upright.info;
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
        `<polygon points="${polygon.join(" ")}" fill="${colour}"/></svg>`;
      return png(sharp(upright.data).composite([{ input: Buffer.from(svg) }]));
    },
  };
}

function compress(photo: Uint8Array): Promise<Uint8Array> {
  return sharp(photo).autoOrient().jpeg({ quality: 5 }).toBuffer();
}

async function lowerResolution(photo: Uint8Array, { box }: FaceInPhoto): Promise<Uint8Array> {
  const upright = await sharp(photo).autoOrient().png().toBuffer({ resolveWithObject: true });
  const { width, height } = upright.info;
  const scale = Math.min(20 / (box.right - box.left), 1);
  const small = await sharp(upright.data)
    .resize(Math.ceil(width * scale), Math.ceil(height * scale), { fit: "fill" }).png().toBuffer();
  return png(sharp(small).resize(width, height, { fit: "fill" }));
}

function addNoise(photo: Uint8Array): Promise<Uint8Array> {
  let state = 1;
  const uniform = () => (state = (state * 48271) % 0x7fffffff) / 0x7fffffff;
  const gaussian = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return changeValues(photo, (value) => value + 30 * gaussian());
}

async function changeValues(
  photo: Uint8Array,
  change: (value: number) => number,
): Promise<Uint8Array> {
  const { data, info } = await sharp(photo).autoOrient().removeAlpha().toColourspace("srgb").raw()
    .toBuffer({ resolveWithObject: true });
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.min(Math.max(Math.round(change(data[i]!)), 0), 255);
  }
  const { width, height, channels } = info;
  return png(sharp(data, { raw: { width, height, channels } }));
}

const png = (picture: Sharp): Promise<Uint8Array> =>
  picture.png({ compressionLevel: 1 }).toBuffer();
