/** Formats measured error rates as tables. */

import type { Calibration } from "../../../models/calibration.ts";
import { markdownTable } from "../../../shared/markdown_table.ts";
import { falseMatchRate } from "../../../matching/confidence.ts";
import type { Interval } from "./bootstrap.ts";
import type { PairScores } from "./evaluate.ts";
import { formatCount, formatNone, formatOdds, formatPercent } from "./format_rate.ts";
import {
  MIN_PAIRS,
  promisedFmrs,
  promisedFpirs,
  type PromisedRate,
  rejectionsAtFmr,
} from "./measured_rates.ts";

const TOO_FEW = "too few pairs";

/**
 * Describes the rates of wrong answers that these people's accepted photos show.
 *
 * @returns Tables in Markdown, each with a heading
 */
export function formatRates(scores: PairScores, calibration: Calibration): string {
  return [
    "### False rejections at a measured rate of false matches",
    rejectionTable(scores, calibration),
    "### False matches, promised and measured",
    fmrTable(scores, calibration),
    "### Strangers accepted in a gallery, promised and measured",
    fpirTable(scores, calibration),
  ].join("\n\n");
}

function rejectionTable(scores: PairScores, calibration: Calibration): string {
  return markdownTable(
    ["FMR", "pairs", "cosine", "FMR by the calibration", "FRR, all pairs", "FRR, people alike"],
    rejectionsAtFmr(scores).map(({ fmr, pairs, cosine, frr, balanced }) => [
      formatOdds(fmr),
      formatCount(pairs),
      ...cosine === undefined || frr === undefined ? [TOO_FEW, "", "", ""] : [
        cosine.toFixed(3),
        formatOdds(falseMatchRate(cosine, calibration)),
        formatPercent(frr),
        formatInterval(balanced, formatPercent),
      ],
    ]),
  );
}

function fmrTable(scores: PairScores, calibration: Calibration): string {
  return markdownTable(
    ["FMR promised", "cosine", "pairs", "FMR measured", "measured / promised"],
    promisedFmrs(scores, calibration).map((rate) => [
      formatOdds(rate.promised),
      rate.cosine.toFixed(3),
      ...rate.pairs === 0
        ? ["0", formatNone(scores.strangers.pairs), ""]
        : measuredCells(rate, formatOdds, rate.pairs / scores.strangers.pairs),
    ]),
  );
}

function fpirTable(scores: PairScores, calibration: Calibration): string {
  return markdownTable(
    ["N", "FPIR promised", "cosine", "pairs", "FPIR measured", "measured / promised"],
    promisedFpirs(scores, calibration).map((rate) => [
      formatCount(rate.size),
      formatPercent(rate.promised),
      rate.cosine.toFixed(3),
      ...measuredCells(rate, formatPercent),
    ]),
  );
}

function measuredCells(
  { promised, pairs, measured }: PromisedRate,
  format: (share: number) => string,
  value = measured?.value,
): string[] {
  if (value === undefined) return [formatCount(pairs), "too few people", ""];
  if (pairs === 0) return ["0", TOO_FEW, ""];
  const note = pairs < MIN_PAIRS ? `, ${TOO_FEW}` : "";
  const ratio = (share: number) => (share / promised).toFixed(2);
  return [
    formatCount(pairs),
    (measured === undefined ? format(value) : formatInterval(measured, format)) + note,
    measured === undefined ? ratio(value) : formatInterval(measured, ratio),
  ];
}

/** Formats a figure and its interval, such as "3.7 % (3.1 % to 4.4 %)". */
export function formatInterval(
  interval: Interval | undefined,
  format: (value: number) => string,
): string {
  if (interval === undefined) return "";
  return `${format(interval.value)} (${format(interval.low)} to ${format(interval.high)})`;
}
