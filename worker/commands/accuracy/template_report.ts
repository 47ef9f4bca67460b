/** Formats what several templates of a user are worth. */

import type { Calibration } from "../../../models/calibration.ts";
import { markdownTable } from "../../../shared/markdown_table.ts";
import { DEFAULT_CONFIDENCE } from "./default_confidence.ts";
import type { LabelledEmbeddings, PairScores } from "./evaluate.ts";
import { formatOdds, formatPercent } from "./format_rate.ts";
import { MIN_PAIRS } from "./measured_rates.ts";
import { similarityThreshold } from "./similarity_threshold.ts";
import { type TemplateRates, templateRates, type TemplateUse } from "./template_rates.ts";

const TEMPLATES_PER_USER = [1, 2, 3, 5] as const;
const USES = ["nearest", "fused"] as const satisfies readonly TemplateUse[];
const TOO_FEW = "Too few pairs of two people.";
const FMRS = [1e-3, 1e-4, 1e-5] as const;

/**
 * Describes 1:1 verification of users with several templates.
 *
 * @param people Embeddings of the people's photos
 * @param scores Result of `comparePairs` for them
 * @param calibration Calibration from which confidences are computed
 * @returns Tables in Markdown, each with a heading
 */
export function formatTemplates(
  people: LabelledEmbeddings,
  { strangers }: PairScores,
  calibration: Calibration,
): string {
  const measured = TEMPLATES_PER_USER.map((templates) => ({
    templates,
    rates: templateRates(people, templates),
  }));
  const most = measured.findLast(({ rates }) => rates !== undefined)?.templates ?? 0;
  const sameUsers = TEMPLATES_PER_USER.filter((templates) => templates <= most)
    .map((templates) => ({ templates, rates: templateRates(people, templates, most + 1)! }));
  const fmrs = FMRS.filter((fmr) => fmr * strangers.pairs >= MIN_PAIRS);
  return [
    "### Several templates of a user at the default threshold",
    markdownTable(
      [
        "templates of the user, 1:1",
        `cosine for confidence ${DEFAULT_CONFIDENCE}`,
        "nearest: FRR",
        "fused: FRR",
        "nearest: strangers accepted",
        "fused: strangers accepted",
      ],
      measured.map(({ templates, rates }) => {
        const cosine = similarityThreshold(DEFAULT_CONFIDENCE, templates, calibration);
        return [`${templates}`, cosine.toFixed(3), ...atThreshold(rates, cosine)];
      }),
    ),
    "### Several templates of a user at a measured rate of false matches",
    fmrs.length === 0 ? TOO_FEW : markdownTable(
      ["FMR", "templates", "users", "nearest: cosine", "FRR", "fused: cosine", "FRR"],
      fmrs.flatMap((fmr) =>
        sameUsers.map(({ templates, rates }) => [
          formatOdds(fmr),
          `${templates}`,
          `${rates.users}`,
          ...USES.flatMap((use) => {
            const cosine = rates.thresholdAt(use, fmr);
            return [cosine.toFixed(3), formatPercent(rates.frr(use, cosine, false))];
          }),
        ])
      ),
    ),
  ].join("\n\n");
}

function atThreshold(rates: TemplateRates | undefined, cosine: number): string[] {
  if (rates === undefined) return ["too few photos", "", "", ""];
  return [
    ...USES.map((use) => formatPercent(rates.frr(use, cosine, true))),
    ...USES.map((use) => formatOdds(rates.fmr(use, cosine))),
  ];
}
