/** Turns a decoded picture by quarter turns, and maps places in it back. */

import type { DecodedPicture } from "./decode.ts";
import type { Size } from "./detect.ts";
import type { Box, Point } from "./image.ts";
import type { QuarterTurns } from "./landmarks.ts";
import sharp from "../safe_sharp.ts";

/** Turns a picture clockwise. */
export async function turnPicture(
  { width, height, data, original }: DecodedPicture,
  turns: QuarterTurns,
): Promise<DecodedPicture> {
  const raw = { width, height, channels: 3 } as const;
  const turned = await sharp(data, { raw, limitInputPixels: false })
    .rotate(turns * 90).raw().toBuffer({ resolveWithObject: true });
  return {
    width: turned.info.width,
    height: turned.info.height,
    data: new Uint8Array(turned.data.buffer, turned.data.byteOffset, turned.data.byteLength),
    original: turns % 2 === 0 ? original : { width: original.height, height: original.width },
  };
}

/**
 * Maps a point of a turned picture to the picture before the turns.
 *
 * @param turned Size of the turned picture
 */
export function turnPointBack(point: Point, turns: QuarterTurns, turned: Size): Point {
  let [x, y] = point, { width, height } = turned;
  for (let turn = 0; turn < turns; turn++) {
    [x, y] = [y, width - 1 - x];
    [width, height] = [height, width];
  }
  return [x, y];
}

/** Maps a box of a turned picture, as {@linkcode turnPointBack} does. */
export function turnBoxBack(box: Box, turns: QuarterTurns, turned: Size): Box {
  let { left, top, right, bottom } = box, { width, height } = turned;
  for (let turn = 0; turn < turns; turn++) {
    [left, top, right, bottom] = [top, width - right, bottom, width - left];
    [width, height] = [height, width];
  }
  return { left, top, right, bottom };
}
