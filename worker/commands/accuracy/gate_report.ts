/** Formats the judgement of the quality gate as tables. */

import type { QualityBounds } from "../../../models/calibration.ts";
import { markdownTable } from "../../../shared/markdown_table.ts";
import type { CrossJudgement, GateEffect } from "./judge_gate.ts";

/**
 * Describes the quality gate.
 *
 * @param cross Effects of bounds that were fitted to other people
 * @param effects Effects of the bounds that the service uses
 * @param bounds Bounds that the service uses
 * @returns Tables in Markdown, each with a heading
 */
export function formatGateReport(
  cross: CrossJudgement,
  effects: readonly GateEffect[],
  bounds: QualityBounds,
): string {
  const shortest = cross.bounds.map((fitted) => fitted.min_embedding_length).join(" and ");
  return [
    `Bounds fitted to one half of the people, judged on the other half (embeddings of at least ` +
    `${shortest}):`,
    effectTable(cross.effects),
    `Bounds of the model, judged on all people (embeddings of at least ` +
    `${bounds.min_embedding_length}, angles up to ${bounds.max_roll_degrees}°, shape distances ` +
    `up to ${bounds.max_shape_distance}):`,
    effectTable(effects),
  ].join("\n\n");
}

function effectTable(effects: readonly GateEffect[]): string {
  return markdownTable(
    ["photos", "enrolled without gate", "enrolled", "strangers accepted without gate", "accepted"],
    effects.map(({ name, photos, enrolled, strangers, comparisons }) => [
      name,
      percent(enrolled.without / photos),
      percent(enrolled.with / photos),
      `${strangers.without.toLocaleString("en")} of ${comparisons.toLocaleString("en")}`,
      strangers.with.toLocaleString("en"),
    ]),
  );
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
