/** Writes the lines and texts of the plots in docs/. */

/** The colour of grid lines. */
export const GRID = "#e1e6ea";

/** Returns a line of the grid. */
export const gridLine = (x1: number, y1: number, x2: number, y2: number): string =>
  `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${
    fixed(y2)
  }" stroke="${GRID}"/>`;

/** Returns a text at a position. */
export const text = (x: number, y: number, content: string, attributes = ""): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}" ${attributes}>${content}</text>`;

/** Returns a coordinate, rounded to a tenth of a pixel. */
export const fixed = (value: number): string => String(Number(value.toFixed(1)));
