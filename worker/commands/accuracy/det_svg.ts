/**
 * Draws a DET curve (Martin et al., "The DET curve in assessment of detection task performance",
 * 1997).
 */

import type { Calibration } from "../../../models/calibration.ts";
import { falseMatchRate } from "../../../matching/confidence.ts";
import { detPoints } from "./det_points.ts";
import { falseRejectionRate, type PairScores } from "./evaluate.ts";
import { normalQuantile } from "./normal_quantile.ts";
import { DEFAULT_CONFIDENCE } from "./default_confidence.ts";
import { GALLERY_SIZES } from "./report.ts";
import { similarityThreshold } from "./similarity_threshold.ts";
import { fixed, GRID, gridLine, text } from "./svg.ts";

const WIDTH = 900;
const HEIGHT = 600;
const PLOT = { left: 88, top: 78, right: 868, bottom: 524 } as const;

/** First and last value of each axis, as shares. */
const FMR_RANGE = [3e-10, 0.1] as const;
const FRR_RANGE = [0.001, 0.5] as const;

const FMR_TICKS: readonly (readonly [share: number, label: string])[] = [
  [1e-9, "10⁻⁷"],
  [1e-8, "10⁻⁶"],
  [1e-7, "10⁻⁵"],
  [1e-6, "10⁻⁴"],
  [1e-5, "0.001"],
  [1e-4, "0.01"],
  [1e-3, "0.1"],
  [1e-2, "1"],
  [0.05, "5"],
];
const FRR_TICKS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4];

const INK = "#1f2933";
const MUTED = "#5b6770";
const MEASURED = "#0b5cad";
const CALIBRATED = "#c2410c";

type Point = readonly [x: number, y: number];

/**
 * Draws FRR against FMR. Both axes are scaled by the normal quantile. One curve has the measured
 * FMR. The other curve has the FMR that the calibration gives for the same thresholds: it shows
 * rates that are too small to be measured with these pairs. Dots mark the default threshold for
 * several numbers of templates.
 *
 * @returns An SVG document
 */
export function drawDet(scores: PairScores, calibration: Calibration): string {
  const points = detPoints(scores);
  const measured = points.map(({ far, frr }): Point => [far, frr]);
  const calibrated = points.map(({ threshold, frr }): Point => [
    falseMatchRate(threshold, calibration),
    frr,
  ]);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" ` +
    `height="${HEIGHT}" font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="13" ` +
    `fill="${INK}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(PLOT.left, 34, "How often the recognition is wrong", 'font-size="19" font-weight="bold"'),
    text(
      PLOT.left,
      57,
      `DET curve over ${
        scores.genuinePairs.toLocaleString("en")
      } pairs of photos of one person and ` +
        `${scores.impostorPairs.toLocaleString("en")} of two people`,
      `fill="${MUTED}"`,
    ),
    ...drawGrid(),
    ...drawMeasurableLimit(scores),
    drawCurve(calibrated, `stroke="${CALIBRATED}" stroke-width="2" stroke-dasharray="7 5"`),
    drawCurve(measured, `stroke="${MEASURED}" stroke-width="2.5"`),
    ...drawThresholds(scores, calibration),
    ...drawLegend(),
    "</svg>",
    "",
  ].join("\n");
}

function drawGrid(): string[] {
  const { left, top, right, bottom } = PLOT;
  const lines: string[] = [];
  for (const [share, label] of FMR_TICKS) {
    const x = xOf(share);
    lines.push(gridLine(x, top, x, bottom), text(x, bottom + 20, label, 'text-anchor="middle"'));
  }
  for (const share of FRR_TICKS) {
    const y = yOf(share);
    const label = String(Number((share * 100).toPrecision(6)));
    lines.push(gridLine(left, y, right, y), text(left - 9, y + 4.5, label, 'text-anchor="end"'));
  }
  return [
    ...lines,
    `<rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}" fill="none" ` +
    `stroke="${MUTED}"/>`,
    text(
      (left + right) / 2,
      bottom + 50,
      "False matches: pairs of two people accepted (FMR, %)",
      'text-anchor="middle"',
    ),
    text(
      0,
      0,
      "False rejections: pairs of one person refused (FRR, %)",
      `text-anchor="middle" transform="translate(30 ${(top + bottom) / 2}) rotate(-90)"`,
    ),
  ];
}

/** Draws a line. To its left, fewer than one false match is expected among all pairs. */
function drawMeasurableLimit({ impostorPairs }: PairScores): string[] {
  const x = xOf(Math.max(1 / impostorPairs, FMR_RANGE[0]));
  return [
    `<line x1="${fixed(x)}" y1="${PLOT.top}" x2="${fixed(x)}" y2="${PLOT.bottom}" ` +
    `stroke="${MUTED}" stroke-dasharray="2 4"/>`,
    text(
      x - 8,
      PLOT.bottom - 12,
      `1 in ${impostorPairs.toLocaleString("en")} pairs`,
      `text-anchor="end" fill="${MUTED}"`,
    ),
  ];
}

function drawThresholds(scores: PairScores, calibration: Calibration): string[] {
  return GALLERY_SIZES.flatMap((compared) => {
    const threshold = similarityThreshold(DEFAULT_CONFIDENCE, compared, calibration);
    const point: Point = [
      falseMatchRate(threshold, calibration),
      falseRejectionRate(scores, threshold),
    ];
    if (!isInside(point)) return [];
    const x = xOf(point[0]), y = yOf(point[1]);
    return [
      `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="5.5" fill="${CALIBRATED}" stroke="#ffffff" ` +
      `stroke-width="1.5"/>`,
      text(
        x + 11,
        y - 8,
        `N = ${compared.toLocaleString("en")}: cosine ${threshold.toFixed(3)}, ` +
          `FRR ${(point[1] * 100).toFixed(1)} %`,
        'paint-order="stroke" stroke="#ffffff" stroke-width="4" stroke-linejoin="round"',
      ),
    ];
  });
}

function drawLegend(): string[] {
  const x = PLOT.right - 460, y = PLOT.top + 32;
  const entry = (row: number, label: string, mark: string) => [
    `<g transform="translate(${x} ${y + row * 25})">${mark}</g>`,
    text(x + 46, y + row * 25 + 4.5, label),
  ];
  const stroke = (attributes: string) => `<line x1="0" x2="34" y1="0" y2="0" ${attributes}/>`;
  return [
    `<rect x="${x - 12}" y="${y - 20}" width="460" height="92" rx="4" fill="#ffffff" ` +
    `stroke="${GRID}"/>`,
    ...entry(0, "measured", stroke(`stroke="${MEASURED}" stroke-width="2.5"`)),
    ...entry(
      1,
      "measured FRR, FMR by the calibration",
      stroke(`stroke="${CALIBRATED}" stroke-width="2" stroke-dasharray="7 5"`),
    ),
    ...entry(
      2,
      `default threshold (confidence ${DEFAULT_CONFIDENCE}), N templates compared`,
      `<circle cx="17" cy="0" r="5.5" fill="${CALIBRATED}"/>`,
    ),
  ];
}

/**
 * Draws a line through the points. A rate below the axis is drawn on the axis. A horizontal part is
 * drawn from its two end points only.
 */
function drawCurve(points: readonly Point[], attributes: string): string {
  const visible = points
    .map(([fmr, frr]): Point => [fmr, Math.max(frr, FRR_RANGE[0])])
    .filter(isInside)
    .filter(([, frr], i, all) => all[i - 1]?.[1] !== frr || all[i + 1]?.[1] !== frr);
  const path = visible.map(([x, y], i) =>
    `${i === 0 ? "M" : "L"}${fixed(xOf(x))} ${fixed(yOf(y))}`
  );
  return `<path d="${path.join("")}" fill="none" stroke-linejoin="round" ${attributes}/>`;
}

const isInside = ([fmr, frr]: Point): boolean =>
  fmr >= FMR_RANGE[0] && fmr <= FMR_RANGE[1] && frr >= FRR_RANGE[0] && frr <= FRR_RANGE[1];

const xOf = (fmr: number): number => scale(fmr, FMR_RANGE, PLOT.left, PLOT.right);
const yOf = (frr: number): number => scale(frr, FRR_RANGE, PLOT.bottom, PLOT.top);

function scale(share: number, range: readonly [number, number], from: number, to: number): number {
  const [low, high] = [normalQuantile(range[0]), normalQuantile(range[1])];
  return from + (normalQuantile(share) - low) / (high - low) * (to - from);
}
