/** Formats the result of `judgeHalves`. */

import { markdownTable } from "../../../shared/markdown_table.ts";
import type { JudgedBothWays, Judgement, Method } from "./judge_halves.ts";

const METHODS: Readonly<Record<Method, string>> = {
  tail: "fitted to the tail",
  variance: "mean and 1 / variance, for comparison",
};

/** Returns tables in Markdown: the calibrations, and measured rates divided by promised ones. */
export function formatJudgement({ calibrations, rates }: Judgement): string {
  const fits = (["tail", "variance"] as const).flatMap((method) =>
    calibrations[method].map(({ calibration, people, photos, pairs }, half) => [
      METHODS[method],
      half === 0 ? "first" : "second",
      people.toLocaleString("en"),
      photos.toLocaleString("en"),
      pairs.toLocaleString("en"),
      calibration.fitted_mean_cosine.toFixed(4),
      calibration.fitted_dimension.toFixed(1),
    ])
  );
  return [
    markdownTable(
      ["calibration", "half of the people", "people", "photos", "pairs of strangers", "μ", "d"],
      fits,
    ),
    "Measured ÷ promised, when each half is judged with the calibration of the other half:",
    markdownTable(
      [
        "calibration",
        "promised",
        "second half",
        "first half",
        "mean",
        "95 % of draws of people",
        "false matches",
      ],
      rates.map(formatRate),
    ),
  ].join("\n\n");
}

function formatRate(rate: JudgedBothWays): string[] {
  const { method, kind, promised, templates, ratios, ratio, interval, matches } = rate;
  const name = kind === "fmr" ? "FMR" : `FPIR with ${templates} templates,`;
  return [
    METHODS[method],
    `${name} 1 in ${Math.round(1 / promised).toLocaleString("en")}`,
    ratios[0].toFixed(2),
    ratios[1].toFixed(2),
    ratio.toFixed(2),
    `${interval[0].toFixed(2)} to ${interval[1].toFixed(2)}`,
    Math.round(matches).toLocaleString("en"),
  ];
}
