/** Formats how well a calibration describes the cosines that it was fitted to. */

import type { Calibration } from "../../../models/calibration.ts";
import { markdownTable } from "../../../shared/markdown_table.ts";
import type { CosineHistogram } from "../strangers/cosine_histogram.ts";
import { cosineAtRate } from "./cosine_at_rate.ts";
import { MIN_PAIRS_BEYOND } from "./fit_tail.ts";

/** False match rate of the default threshold with one template. */
const DEFAULT_RATE = 1e-4;

/** Measured rate of false matches, beside the rate that a calibration promises. */
export interface MeasuredRate {
  /** The power of ten that the calibration promises. */
  readonly promised: number;
  /** Cosine at which it promises this rate. */
  readonly cosine: number;
  /** Number of pairs of strangers with at least this cosine, by interpolation. */
  readonly beyond: number;
  /** Share of the pairs of strangers with at least this cosine. */
  readonly measured: number;
}

/** Returns the rates from 1 in 10 to the smallest power of ten that one pair can show. */
export function measureRates(strangers: CosineHistogram, calibration: Calibration): MeasuredRate[] {
  const decades = Math.floor(Math.log10(strangers.total) + 1e-9);
  return Array.from({ length: Math.max(decades, 0) }, (_, i) => {
    const promised = 10 ** -(i + 1);
    const cosine = cosineAtRate(promised, calibration);
    const beyond = strangers.countBeyond(cosine);
    return { promised, cosine, beyond, measured: beyond / strangers.total };
  });
}

/**
 * Describes the rates, and says from where on the calibration extrapolates.
 *
 * @returns A table in Markdown and a paragraph
 */
export function formatRates(strangers: CosineHistogram, calibration: Calibration): string {
  const rows = measureRates(strangers, calibration).map((
    { promised, cosine, beyond, measured },
  ) => [
    oneIn(promised),
    cosine.toFixed(3),
    Math.round(beyond).toLocaleString("en"),
    measured === 0 ? "0" : oneIn(measured),
    beyond < MIN_PAIRS_BEYOND ? "too few pairs" : (measured / promised).toFixed(2),
  ]);
  const table = markdownTable(
    ["promised", "cosine", "pairs of strangers beyond", "measured", "measured ÷ promised"],
    rows,
  );
  return `${table}\n\n${describeLimit(strangers.total)}`;
}

function describeLimit(pairs: number): string {
  const limit = MIN_PAIRS_BEYOND / pairs;
  const templates = Math.floor(DEFAULT_RATE / limit);
  return `Rates below ${oneIn(limit)} are extrapolated: fewer than ${MIN_PAIRS_BEYOND} pairs of ` +
    "these photos show them. The default threshold is " +
    (templates === 0
      ? "extrapolated for any number of templates. Photos of more people would show it"
      : `measured for up to ${count(templates, "template")}, and extrapolated for more`);
}

const count = (n: number, noun: string): string =>
  `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

const oneIn = (rate: number): string =>
  `1 in ${Number((1 / rate).toPrecision(3)).toLocaleString("en")}`;
