/** Formats the results of an evaluation as tables. */

import type { Calibration } from "../../../models/calibration.ts";
import { CalibrationError, fitCalibration } from "../calibrate/calibrate.ts";
import { falseMatchRate } from "../../../matching/confidence.ts";
import {
  falseRejectionRate,
  type LabelledEmbeddings,
  type PairScores,
  tarAtZeroFar,
} from "./evaluate.ts";
import { DEFAULT_CONFIDENCE } from "./default_confidence.ts";
import { formatCount, formatOdds, formatPercent } from "./format_rate.ts";
import { formatRates } from "./rate_report.ts";
import { similarityThreshold } from "./similarity_threshold.ts";
import { formatTemplates } from "./template_report.ts";
import { markdownTable } from "../../../shared/markdown_table.ts";

/** Numbers of compared templates for which the report gives error rates. */
export const GALLERY_SIZES = [1, 50, 2_000, 100_000] as const;

const CONFIDENCES = [0.19, 0.5, 0.7, 0.96];

/**
 * Describes how well the models distinguish people.
 *
 * @param people Embeddings of the people's photos
 * @param scores Result of `comparePairs` for them
 * @param calibration Calibration from which confidences are computed
 * @returns Tables in Markdown, each with a heading
 */
export function formatReport(
  people: LabelledEmbeddings,
  scores: PairScores,
  calibration: Calibration,
): string {
  return [
    "### Photos and pairs",
    summary(people, scores, calibration),
    "### The threshold for each number of templates",
    galleryTable(scores, calibration),
    "### The threshold for each MATCH_THRESHOLD",
    confidenceTable(scores, calibration),
    formatTemplates(people, scores, calibration),
    formatRates(scores, calibration),
  ].join("\n\n");
}

function summary(
  people: LabelledEmbeddings,
  scores: PairScores,
  calibration: Calibration,
): string {
  const photos = people.flat();
  const refused = photos.filter((embedding) => embedding === undefined).length;
  const { tar, highestImpostor } = tarAtZeroFar(scores);
  return markdownTable(["", ""], [
    ["people, photos", `${formatCount(people.length)}, ${formatCount(photos.length)}`],
    ["refused photos", `${refused}`],
    [
      "pairs of one person, pairs of two people",
      `${scores.genuinePairs.toLocaleString("en")}, ${scores.impostorPairs.toLocaleString("en")}`,
    ],
    [
      "pairs of accepted photos",
      `${formatCount(scores.genuine.length)}, ${formatCount(scores.strangers.pairs)}`,
    ],
    ["TAR at FAR 0", `${formatPercent(tar)} (cosine above ${highestImpostor.toFixed(3)})`],
    ["calibration used", formatCalibration(calibration)],
    ["calibration fitted here", fitHere(people)],
  ]);
}

const formatCalibration = (calibration: Calibration): string =>
  `μ ${calibration.fitted_mean_cosine.toFixed(4)}, d ${calibration.fitted_dimension.toFixed(1)}`;

function fitHere(people: LabelledEmbeddings): string {
  const accepted = people.map((photos) => photos.filter((photo) => photo !== undefined));
  try {
    return formatCalibration(fitCalibration(accepted).calibration);
  } catch (error) {
    if (error instanceof CalibrationError) return "too few people";
    throw error;
  }
}

function galleryTable(scores: PairScores, calibration: Calibration): string {
  return markdownTable(
    ["templates compared (N)", `cosine for confidence ${DEFAULT_CONFIDENCE}`, "FRR"],
    GALLERY_SIZES.map((compared) => {
      const threshold = similarityThreshold(DEFAULT_CONFIDENCE, compared, calibration);
      return [
        formatCount(compared),
        threshold.toFixed(3),
        formatPercent(falseRejectionRate(scores, threshold)),
      ];
    }),
  );
}

function confidenceTable(scores: PairScores, calibration: Calibration): string {
  return markdownTable(
    ["MATCH_THRESHOLD, 1:1", "cosine", "strangers accepted", "FRR"],
    CONFIDENCES.map((confidence) => {
      const threshold = similarityThreshold(confidence, 1, calibration);
      return [
        `${confidence}`,
        threshold.toFixed(3),
        formatOdds(falseMatchRate(threshold, calibration)),
        formatPercent(falseRejectionRate(scores, threshold)),
      ];
    }),
  );
}
