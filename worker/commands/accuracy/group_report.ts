/** Formats the rates of groups of people as a table. */

import type { Calibration } from "../../../models/calibration.ts";
import { markdownTable } from "../../../shared/markdown_table.ts";
import { DEFAULT_CONFIDENCE } from "./default_confidence.ts";
import { printable } from "../printable.ts";
import { formatCount, formatNone, formatOdds, formatPercent } from "./format_rate.ts";
import { GROUP_FMR, type GroupRates, strictestGroup, worstGroup } from "./group_rates.ts";
import { MIN_PAIRS } from "./measured_rates.ts";
import { formatInterval } from "./rate_report.ts";
import { similarityThreshold } from "./similarity_threshold.ts";

/**
 * Describes how often strangers of one group match.
 *
 * @param rates Rates of all people and of each group
 * @returns A heading, a table and sentences in Markdown
 */
export function formatGroups(rates: readonly GroupRates[], calibration: Calibration): string {
  const threshold = similarityThreshold(DEFAULT_CONFIDENCE, 1, calibration);
  const groups = rates.slice(1);
  const strictest = strictestGroup(groups);
  return [
    "### Strangers of one group",
    markdownTable(
      [
        "group",
        "people",
        "pairs",
        `pairs at cosine ${rates[0]!.fmr.cosine.toFixed(3)}`,
        `FMR (promised: ${formatOdds(GROUP_FMR)})`,
        `cosine for ${formatOdds(GROUP_FMR)}`,
        "confidence",
        `FRR, confidence ${DEFAULT_CONFIDENCE}`,
        "FRR, strictest group's cosine",
      ],
      rates.map((group) => [
        printable(group.name),
        formatCount(group.people),
        formatCount(group.pairs),
        formatCount(group.fmr.pairs),
        formatFmr(group),
        ...group.cosine === undefined
          ? ["too few pairs", ""]
          : [group.cosine.toFixed(3), roundUp(group.confidence!)],
        ...[threshold, strictest?.cosine].map((cosine) => formatFrr(group, cosine)),
      ]),
    ),
    ...describeWorst(groups, strictest),
  ].join("\n\n");
}

function formatFmr({ fmr, pairs }: GroupRates): string {
  if (pairs === 0) return "too few pairs";
  if (fmr.pairs === 0) return formatNone(pairs);
  const few = fmr.pairs < MIN_PAIRS ? ", too few pairs" : "";
  return formatInterval(fmr.measured, formatOdds) + few;
}

function formatFrr({ frr }: GroupRates, cosine: number | undefined): string {
  const rate = cosine === undefined ? undefined : frr(cosine);
  return rate === undefined ? "" : formatPercent(rate);
}

function describeWorst(groups: readonly GroupRates[], strictest: GroupRates | undefined): string[] {
  const worst = worstGroup(groups);
  const sentences = worst === undefined ? [`No group has ${MIN_PAIRS} pairs that match.`] : [
    `Most false matches: ${printable(worst.name)}, ${formatOdds(worst.fmr.pairs / worst.pairs)} ` +
    `instead of ${formatOdds(GROUP_FMR)}.`,
  ];
  if (strictest === undefined) {
    sentences.push(
      `No group has the ${formatCount(MIN_PAIRS / GROUP_FMR)} pairs that are needed to find ` +
        `a threshold for ${formatOdds(GROUP_FMR)}.`,
    );
  } else {
    sentences.push(
      `For ${formatOdds(GROUP_FMR)} in every group with enough pairs: cosine ` +
        `${strictest.cosine!.toFixed(3)}, confidence ${roundUp(strictest.confidence!)} ` +
        `(${printable(strictest.name)}).`,
    );
  }
  return sentences;
}

/** Formats a confidence. Rounded down, it would accept more strangers. */
const roundUp = (confidence: number): string => (Math.ceil(confidence * 1e4) / 1e4).toFixed(4);
