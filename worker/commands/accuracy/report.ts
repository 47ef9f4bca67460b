/** The figures of an evaluation, as a table for people. */

import type { Calibration } from "../../../models/calibration.ts";
import { CalibrationError, fitCalibration } from "../calibrate/calibrate.ts";
import { falseMatchRate } from "../../gallery/confidence.ts";
import { crossValidate } from "./cross_validate.ts";
import {
  falseAcceptanceRate,
  falseRejectionRate,
  falseRejectionRateWithTemplates,
  type PairScores,
  type Photos,
  tarAtZeroFar,
} from "./evaluate.ts";
import { similarityThreshold } from "./similarity_threshold.ts";

/** The default threshold: one chance in ten thousand that a stranger is accepted. */
export const DEFAULT_CONFIDENCE = 0.7;

/** Templates compared for which the error rates are given. */
export const GALLERY_SIZES = [1, 50, 2_000, 100_000] as const;

const CONFIDENCES = [0.19, 0.5, 0.7, 0.96];
const TEMPLATES_PER_USER = [1, 2, 3, 5];
const COSINES = [0.2, 0.25, 0.3];

/**
 * Describes how well some people are told apart.
 *
 * @param people Embeddings, undefined for refused photos
 * @param scores What `comparePairs` makes of them
 * @param calibration By which confidences are computed
 * @returns Lines of text, Markdown
 */
export function report(people: Photos, scores: PairScores, calibration: Calibration): string {
  return [
    ...summary(people, scores, calibration),
    "",
    ...galleryTable(scores, calibration),
    "",
    ...confidenceTable(scores, calibration),
    "",
    ...templatesTable(people, calibration),
    "",
    ...falseMatchTable(scores, calibration),
  ].join("\n");
}

function summary(people: Photos, scores: PairScores, calibration: Calibration): string[] {
  const photos = people.flat();
  const refused = photos.filter((embedding) => embedding === undefined).length;
  const { tar, highestImpostor } = tarAtZeroFar(scores);
  return table(["", ""], [
    ["people, photos", `${people.length}, ${photos.length}`],
    ["refused photos", `${refused}`],
    ["pairs of one person, of two", `${scores.genuinePairs}, ${scores.impostorPairs}`],
    ["TAR at FAR 0", `${percent(tar)} (cosine above ${highestImpostor.toFixed(3)})`],
    ["calibration used", numbers(calibration)],
    ["calibration fitted here", fitted(people)],
    ["calibrated on one half, tested on the other", validated(people)],
  ]);
}

const numbers = (calibration: Calibration): string =>
  `μ ${calibration.mean_impostor_cosine.toFixed(4)}, d ${
    calibration.effective_dimension.toFixed(1)
  }`;

function fitted(people: Photos): string {
  return unlessTooFew(() => {
    const usable = people.map((photos) => photos.filter((photo) => photo !== undefined));
    return numbers(fitCalibration(usable).calibration);
  });
}

function validated(people: Photos): string {
  return unlessTooFew(() => {
    const { far, frr, thresholds } = crossValidate(people, DEFAULT_CONFIDENCE);
    const cosines = thresholds.map((threshold) => threshold.toFixed(3)).join(" and ");
    return `FRR ${percent(frr)}, FAR ${percent(far)} (cosine ${cosines})`;
  });
}

function unlessTooFew(describe: () => string): string {
  try {
    return describe();
  } catch (error) {
    if (error instanceof CalibrationError || error instanceof RangeError) return "too few people";
    throw error;
  }
}

function galleryTable(scores: PairScores, calibration: Calibration): string[] {
  return table(
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

function confidenceTable(scores: PairScores, calibration: Calibration): string[] {
  return table(
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

function templatesTable(people: Photos, calibration: Calibration): string[] {
  return table(
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

function falseMatchTable(scores: PairScores, calibration: Calibration): string[] {
  return table(
    ["cosine", "FMR measured", "FMR by the calibration"],
    COSINES.map((cosine) => [
      cosine.toFixed(2),
      percent(falseAcceptanceRate(scores, cosine)),
      percent(falseMatchRate(cosine, calibration)),
    ]),
  );
}

/** A Markdown table whose columns line up. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]!.length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.01 ? 2 : 1)} %`;
