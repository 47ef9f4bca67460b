/** Formats the results of an evaluation as tables. */

import type { Calibration } from "../../../models/calibration.ts";
import { CalibrationError, fitCalibration } from "../calibrate/calibrate.ts";
import { falseMatchRate } from "../../gallery/confidence.ts";
import { crossValidate } from "./cross_validate.ts";
import {
  falseAcceptanceRate,
  falseRejectionRate,
  falseRejectionRateWithTemplates,
  type LabelledEmbeddings,
  type PairScores,
  tarAtZeroFar,
} from "./evaluate.ts";
import { similarityThreshold } from "./similarity_threshold.ts";
import { markdownTable } from "../../../shared/markdown_table.ts";

/** The default threshold: a stranger is accepted with a probability of 1 in 10,000. */
export const DEFAULT_CONFIDENCE = 0.7;

/** Numbers of compared templates for which the report gives error rates. */
export const GALLERY_SIZES = [1, 50, 2_000, 100_000] as const;

const CONFIDENCES = [0.19, 0.5, 0.7, 0.96];
const TEMPLATES_PER_USER = [1, 2, 3, 5];
const COSINES = [0.2, 0.25, 0.3];

/**
 * Describes how well the models distinguish people.
 *
 * @param people Embeddings of the people's photos
 * @param scores Result of `comparePairs` for them
 * @param calibration Calibration from which confidences are computed
 * @returns Tables in Markdown
 */
export function formatReport(
  people: LabelledEmbeddings,
  scores: PairScores,
  calibration: Calibration,
): string {
  return [
    summary(people, scores, calibration),
    galleryTable(scores, calibration),
    confidenceTable(scores, calibration),
    templatesTable(people, calibration),
    falseMatchTable(scores, calibration),
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
    ["people, photos", `${people.length}, ${photos.length}`],
    ["refused photos", `${refused}`],
    ["pairs of one person, pairs of two people", `${scores.genuinePairs}, ${scores.impostorPairs}`],
    ["TAR at FAR 0", `${percent(tar)} (cosine above ${highestImpostor.toFixed(3)})`],
    ["calibration used", formatCalibration(calibration)],
    ["calibration fitted here", fitHere(people)],
    ["calibrated on one half, tested on the other half", crossValidateHere(people)],
  ]);
}

const formatCalibration = (calibration: Calibration): string =>
  `μ ${calibration.fitted_mean_cosine.toFixed(4)}, d ${calibration.fitted_dimension.toFixed(1)}`;

function fitHere(people: LabelledEmbeddings): string {
  return describeIfEnough(() => {
    const accepted = people.map((photos) => photos.filter((photo) => photo !== undefined));
    return formatCalibration(fitCalibration(accepted).calibration);
  });
}

function crossValidateHere(people: LabelledEmbeddings): string {
  return describeIfEnough(() => {
    const { far, frr, thresholds } = crossValidate(people, DEFAULT_CONFIDENCE);
    const cosines = thresholds.map((threshold) => threshold.toFixed(3)).join(" and ");
    return `FRR ${percent(frr)}, FAR ${percent(far)} (cosine ${cosines})`;
  });
}

function describeIfEnough(describe: () => string): string {
  try {
    return describe();
  } catch (error) {
    if (error instanceof CalibrationError || error instanceof RangeError) return "too few people";
    throw error;
  }
}

function galleryTable(scores: PairScores, calibration: Calibration): string {
  return markdownTable(
    ["templates compared (N)", `cosine for confidence ${DEFAULT_CONFIDENCE}`, "FRR"],
    GALLERY_SIZES.map((compared) => {
      const threshold = similarityThreshold(DEFAULT_CONFIDENCE, compared, calibration);
      return [
        compared.toLocaleString("en"),
        threshold.toFixed(3),
        percent(falseRejectionRate(scores, threshold)),
      ];
    }),
  );
}

function confidenceTable(scores: PairScores, calibration: Calibration): string {
  return markdownTable(
    ["MATCH_THRESHOLD, 1:1", "cosine", "strangers accepted", "FRR"],
    CONFIDENCES.map((confidence) => {
      const threshold = similarityThreshold(confidence, 1, calibration);
      const odds = Math.round(1 / falseMatchRate(threshold, calibration));
      return [
        `${confidence}`,
        threshold.toFixed(3),
        `1 in ${Number(odds.toPrecision(2)).toLocaleString("en")}`,
        percent(falseRejectionRate(scores, threshold)),
      ];
    }),
  );
}

function templatesTable(people: LabelledEmbeddings, calibration: Calibration): string {
  return markdownTable(
    ["templates of the user, 1:1", `cosine for confidence ${DEFAULT_CONFIDENCE}`, "FRR"],
    TEMPLATES_PER_USER.map((templates) => {
      const threshold = similarityThreshold(DEFAULT_CONFIDENCE, templates, calibration);
      const frr = falseRejectionRateWithTemplates(people, templates, threshold);
      return [
        `${templates}`,
        threshold.toFixed(3),
        frr === undefined ? "too few photos" : percent(frr),
      ];
    }),
  );
}

function falseMatchTable(scores: PairScores, calibration: Calibration): string {
  return markdownTable(
    ["cosine", "FMR measured", "FMR by the calibration"],
    COSINES.map((cosine) => [
      cosine.toFixed(2),
      percent(falseAcceptanceRate(scores, cosine)),
      percent(falseMatchRate(cosine, calibration)),
    ]),
  );
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.01 ? 2 : 1)} %`;
