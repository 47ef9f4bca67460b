/** The plot of docs/scaling.md: waits, and refused or late requests, for each pool size. */

import { measure, podsNeeded } from "./load.ts";
import { poolSize } from "./pool_size.ts";
import { PLOTTED } from "./scaling_loads.ts";
import { ASSUMED } from "./scenario.ts";
import type { Summary } from "./summary.ts";
import { fixed, GRID, gridLine, text } from "../../worker/commands/accuracy/svg.ts";

const WIDTH = 900;
const HEIGHT = 640;
const LEFT = 88;
const RIGHT = 868;

/** Colours of the loads. */
const COLOURS = ["#0b5cad", "#0f766e", "#c2410c", "#7e22ce"];
const SIZES = [...Array.from({ length: 24 }, (_, i) => i + 1), 26, 28, 30, 32, 34, 36, 38, 40];
const SIZE_TICKS = [1, 5, 10, 15, 20, 25, 30, 35, 40];

interface Panel {
  readonly top: number;
  readonly bottom: number;
  readonly title: string;
  readonly ticks: readonly number[];
  readonly valueOf: (summary: Summary) => number;
}

const PANELS: readonly Panel[] = [
  {
    top: 78,
    bottom: 308,
    title: "Wait for a worker, p99 (s)",
    ticks: [0, 2, 4, 6, 8, 10],
    valueOf: ({ waitP99 }) => waitP99,
  },
  {
    top: 338,
    bottom: 568,
    title: "Refused or late (%)",
    ticks: [0, 20, 40, 60, 80, 100],
    valueOf: ({ shed }) => shed * 100,
  },
];

const INK = "#1f2933";
const MUTED = "#5b6770";

/**
 * Draws two panels, for loads that stay below every limit. The first shows the p99 of the wait for
 * each pool size. The second shows the share of requests that are refused or late. A dot marks the
 * size that the rule gives.
 *
 * @returns An SVG document
 */
export function drawScaling(): string {
  const curves = PLOTTED.map((load, i) => {
    const colour = COLOURS[i]!;
    const rule = poolSize(podsNeeded(load));
    const sizes = [...new Set([...SIZES, rule])].sort((a, b) => a - b);
    const points = sizes.map((size) => ({ size, summary: measure(load, size) }));
    return { colour, rule, points };
  });
  const { cores, startSeconds, startCoreSeconds } = ASSUMED;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" ` +
    `height="${HEIGHT}" font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="13" ` +
    `fill="${INK}">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(
      LEFT,
      34,
      "How many pods are needed so that requests do not wait",
      'font-size="19" font-weight="bold"',
    ),
    text(
      LEFT,
      57,
      `Simulated: ${cores} cores, a pod is replaced in ${startSeconds + startCoreSeconds} s, ` +
        "each pod serves one request",
      `fill="${MUTED}"`,
    ),
    ...PANELS.flatMap((panel) => [
      ...grid(panel),
      ...curves.map(({ colour, points }) => {
        const path = points.map(({ size, summary }, i) =>
          `${i === 0 ? "M" : "L"}${fixed(xOf(size))} ${fixed(yOf(panel, summary))}`
        );
        return `<path d="${path.join("")}" fill="none" stroke="${colour}" stroke-width="2.5" ` +
          'stroke-linejoin="round"/>';
      }),
      ...curves.map(({ colour, rule, points }) => {
        const { summary } = points.find(({ size }) => size === rule)!;
        return dot(xOf(rule), yOf(panel, summary), colour);
      }),
    ]),
    ...SIZE_TICKS.map((size) => text(xOf(size), 588, `${size}`, 'text-anchor="middle"')),
    text((LEFT + RIGHT) / 2, 618, "Pool size (pods)", 'text-anchor="middle"'),
    ...legend(curves.map(({ rule }) => rule)),
    "</svg>",
    "",
  ].join("\n");
}

function grid({ top, bottom, title, ticks }: Panel): string[] {
  return [
    ...SIZE_TICKS.map((size) => gridLine(xOf(size), top, xOf(size), bottom)),
    ...ticks.flatMap((tick, i) => {
      const y = bottom - (bottom - top) * i / (ticks.length - 1);
      return [gridLine(LEFT, y, RIGHT, y), text(LEFT - 9, y + 4.5, `${tick}`, 'text-anchor="end"')];
    }),
    `<rect x="${LEFT}" y="${top}" width="${RIGHT - LEFT}" height="${bottom - top}" fill="none" ` +
    `stroke="${MUTED}"/>`,
    text(
      0,
      0,
      title,
      `text-anchor="middle" transform="translate(34 ${(top + bottom) / 2}) rotate(-90)"`,
    ),
  ];
}

function legend(rules: readonly number[]): string[] {
  const x = RIGHT - 310, y = PANELS[0]!.top + 32;
  return [
    `<rect x="${x - 14}" y="${y - 20}" width="310" height="${PLOTTED.length * 25 + 14}" rx="4" ` +
    `fill="#ffffff" stroke="${GRID}"/>`,
    ...PLOTTED.flatMap(({ ratePerSecond }, i) => {
      const colour = COLOURS[i]!;
      const rowY = y + i * 25;
      return [
        `<line x1="${x}" x2="${x + 34}" y1="${rowY}" y2="${rowY}" stroke="${colour}" ` +
        'stroke-width="2.5"/>',
        dot(x + 17, rowY, colour),
        text(x + 46, rowY + 4.5, `${ratePerSecond} requests/s: ${rules[i]} pods by the rule`),
      ];
    }),
  ];
}

function xOf(size: number): number {
  return LEFT + (RIGHT - LEFT) * (size - 1) / (SIZES.at(-1)! - 1);
}

function yOf({ top, bottom, ticks, valueOf }: Panel, summary: Summary): number {
  return bottom - (bottom - top) * valueOf(summary) / ticks.at(-1)!;
}

const dot = (x: number, y: number, colour: string): string =>
  `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="5.5" fill="${colour}" stroke="#ffffff" ` +
  'stroke-width="1.5"/>';
