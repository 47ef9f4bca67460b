/** Makes bad photos from good ones, to measure how many of them the quality gate refuses. */

import type { Raw, Sharp } from "sharp";
import type { Box, Point } from "../pipeline/image.ts";
import type { FivePoints } from "../pipeline/landmarks.ts";
import sharp from "../safe_sharp.ts";

/** A face in a good photo, in pixels of the upright photo. */
export interface FaceInPhoto {
  readonly box: Box;
  readonly points: FivePoints;
}

type Rgb = readonly [number, number, number];

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
  covered("a mask over nose and mouth", [0xdf, 0xe8, 0xee], [[-2, 0.9], [0, 0.6], [2, 0.9], [
    1.4,
    3.6,
  ], [
    -1.4,
    3.6,
  ]]),
  covered("dark glasses", [0x11, 0x11, 0x11], [[-2.1, -0.6], [2.1, -0.6], [1.9, 0.7], [-1.9, 0.7]]),
  covered("one half covered", [0x55, 0x55, 0x55], [[0, -3], [3, -3], [3, 4], [0, 4]]),
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
function covered(name: string, colour: Rgb, corners: readonly Point[]): Fault {
  return {
    name,
    turned: false,
    spoil(photo, { points: [left, right] }) {
      const x = (left[0] + right[0]) / 2, y = (left[1] + right[1]) / 2;
      const ux = (right[0] - left[0]) / 2, uy = (right[1] - left[1]) / 2;
      const polygon = corners.map(([u, v]): Point => [x + u * ux - v * uy, y + u * uy + v * ux]);
      return changePixels(photo, (data, { width, height, channels }) => {
        for (let row = 0, i = 0; row < height; row++) {
          for (let column = 0; column < width; column++, i += channels) {
            if (isInside(polygon, column, row)) data.set(colour.slice(0, channels), i);
          }
        }
      });
    },
  };
}

/** True when the point lies in the polygon: a line to the right crosses an odd number of sides. */
function isInside(polygon: readonly Point[], x: number, y: number): boolean {
  return polygon.filter(([x1, y1], i) => {
        const [x2, y2] = polygon[(i + 1) % polygon.length]!;
        return (y1 > y) !== (y2 > y) && x < x1 + (x2 - x1) * (y - y1) / (y2 - y1);
      }).length % 2 === 1;
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

function changeValues(photo: Uint8Array, change: (value: number) => number): Promise<Uint8Array> {
  return changePixels(photo, (data) => {
    for (let i = 0; i < data.length; i++) {
      data[i] = Math.min(Math.max(Math.round(change(data[i]!)), 0), 255);
    }
  });
}

async function changePixels(
  photo: Uint8Array,
  change: (data: Uint8Array, info: Raw) => void,
): Promise<Uint8Array> {
  const { data, info } = await sharp(photo).autoOrient().removeAlpha().toColourspace("srgb").raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  change(data, { width, height, channels });
  return png(sharp(data, { raw: { width, height, channels } }));
}

const png = (picture: Sharp): Promise<Uint8Array> =>
  picture.png({ compressionLevel: 1 }).toBuffer();
