/** Looks again at a picture in which no face was found. docs/accuracy.md has the figures. */

import {
  type Face,
  type FaceNetwork,
  INPUT_HEIGHT,
  INPUT_WIDTH,
  type View,
} from "./face_network.ts";
import type { Box, RgbImage } from "./image.ts";
import { overlap, suppressOverlaps } from "./suppress_overlaps.ts";

/** Width of the smallest face that is looked for, in pixels of the picture. */
export const MIN_FACE_WIDTH_PX = 40;
/** The network gives 98 % of frontal faces that are this wide in its input a score of 0.5. */
const FOUND_WIDTH_PX = 12;
/** A face at a tile's edge is whole in the next tile. Faces are higher than wide. */
const TILE_OVERLAP_PX = 60;
/** Bounds the work: a stranger can send pictures without a face. */
const MAX_TILES = 9;

/** Lowest score of a candidate. A higher bound would too often miss the second of two small faces. */
const MIN_SCORE = 0.5;
/** Lowest score of a candidate that counts without another look. It is the bound of the first look. */
const UNCONFIRMED_SCORE = 0.65;
const MAX_OVERLAP = 0.4;

/** Number of candidates that are looked at once more. */
const MAX_CONFIRMATIONS = 4;
/** Width of a candidate in the input when it is looked at once more. */
const CONFIRMED_WIDTH_PX = 40;
const CONFIRMED_SCORE = 0.9;
const CONFIRMED_OVERLAP = 0.5;

/**
 * Finds faces that are too small or too large for the first look: in tiles of the picture, and in
 * the picture with a margin around it. Textures also look like faces at one size, but not at
 * another. So the candidates with the best scores are looked at once more, at another size. When
 * one of them is confirmed, all others that are confirmed or not looked at also count as faces: a
 * picture of several people is then refused.
 *
 * @returns The faces, best score first; none when no candidate is confirmed
 */
export async function lookAgain(image: RgbImage, find: FaceNetwork): Promise<Face[]> {
  const candidates: Face[] = [];
  for (const view of planSecondLook(image)) candidates.push(...await find(image, view, MIN_SCORE));
  const faces = suppressOverlaps(candidates, MAX_OVERLAP);
  const confirmed: Face[] = [];
  for (const face of faces.slice(0, MAX_CONFIRMATIONS)) {
    const found = await find(image, viewAround(face.box, image), CONFIRMED_SCORE);
    if (found.some(({ box }) => overlap(box, face.box) >= CONFIRMED_OVERLAP)) confirmed.push(face);
  }
  if (confirmed.length === 0) return [];
  const others = faces.slice(MAX_CONFIRMATIONS).filter(({ score }) => score >= UNCONFIRMED_SCORE);
  return [...confirmed, ...others];
}

/**
 * Returns the views of the second look: the whole picture with a margin, for faces that fill it,
 * then the tiles, for small faces. No view changes the picture's proportions. There are few tiles:
 * as many as are needed for faces of {@linkcode MIN_FACE_WIDTH_PX}, and at most nine.
 */
export function planSecondLook({ width, height }: { width: number; height: number }): View[] {
  const whole = { left: 0, top: 0, right: width, bottom: height };
  const margin = viewAt(whole, Math.min(INPUT_WIDTH / width, INPUT_HEIGHT / height) / 2);
  const { columns, rows } = chooseGrid(width, height);
  const proportion = (INPUT_WIDTH / width) / (INPUT_HEIGHT / height);
  if (columns * rows === 1 && proportion > 2 / 3 && proportion < 3 / 2) {
    // The first look was almost the same.
    return [margin];
  }
  const tileWidth = Math.ceil(tileSize(width, columns));
  const tileHeight = Math.ceil(tileSize(height, rows));
  const scale = Math.min(INPUT_WIDTH / tileWidth, INPUT_HEIGHT / tileHeight);
  const views = [margin];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const left = startOf(column, columns, width - tileWidth);
      const top = startOf(row, rows, height - tileHeight);
      const tile = { left, top, right: left + tileWidth, bottom: top + tileHeight };
      views.push(viewAt(tile, scale));
    }
  }
  return views;
}

/** Returns the grid with the fewest tiles that is fine enough, or else the finest grid. */
function chooseGrid(width: number, height: number): { columns: number; rows: number } {
  let best = { columns: 1, rows: 1, scale: 0 };
  for (let tiles = 1; tiles <= MAX_TILES; tiles++) {
    for (let columns = 1; columns <= tiles; columns++) {
      const rows = tiles / columns;
      if (!Number.isInteger(rows)) continue;
      const scale = Math.min(
        INPUT_WIDTH / tileSize(width, columns),
        INPUT_HEIGHT / tileSize(height, rows),
      );
      if (scale > best.scale) best = { columns, rows, scale };
    }
    if (best.scale >= FOUND_WIDTH_PX / MIN_FACE_WIDTH_PX) break;
  }
  return best;
}

const tileSize = (side: number, count: number): number =>
  count === 1 ? side : (side + (count - 1) * TILE_OVERLAP_PX) / count;

const startOf = (index: number, count: number, last: number): number =>
  count === 1 ? 0 : Math.round(index * last / (count - 1));

/** Returns the view around a candidate, at a size that differs from those of the first look. */
function viewAround(box: Box, { width, height }: { width: number; height: number }): View {
  const scale = CONFIRMED_WIDTH_PX / (box.right - box.left);
  const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
  const halfWidth = INPUT_WIDTH / scale / 2, halfHeight = INPUT_HEIGHT / scale / 2;
  const left = Math.min(Math.max(Math.round(x - halfWidth), 0), width - 1);
  const top = Math.min(Math.max(Math.round(y - halfHeight), 0), height - 1);
  return viewAt({
    left,
    top,
    right: Math.max(Math.min(Math.round(x + halfWidth), width), left + 1),
    bottom: Math.max(Math.min(Math.round(y + halfHeight), height), top + 1),
  }, scale);
}

function viewAt(region: Box, scale: number): View {
  const inInput = (side: number, limit: number) =>
    Math.min(Math.max(Math.round(side * scale), 1), limit);
  return {
    region,
    width: inInput(region.right - region.left, INPUT_WIDTH),
    height: inInput(region.bottom - region.top, INPUT_HEIGHT),
  };
}
