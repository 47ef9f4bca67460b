import { assert, assertEquals } from "@std/assert";
import { comparePairs } from "../../worker/commands/accuracy/evaluate.ts";
import {
  promisedFmrs,
  promisedFpirs,
  rejectionsAtFmr,
} from "../../worker/commands/accuracy/measured_rates.ts";
import { DEFAULT_CONFIDENCE } from "../../worker/commands/accuracy/default_confidence.ts";
import { similarityThreshold } from "../../worker/commands/accuracy/similarity_threshold.ts";
import { templateRates } from "../../worker/commands/accuracy/template_rates.ts";
import { findQualityFault } from "../../worker/pipeline/quality.ts";
import { needs } from "../support/needs.ts";
import { embedInProcesses } from "./embed_in_processes.ts";
import { wideSet } from "./labelled_photos.ts";
import { GOALS } from "./recognition_models.ts";
import { CHECKOUT_MODEL, CHECKOUT_MODEL_NAME } from "../support/checkout_model.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";

needs("lfw3")(`the recognition model ${CHECKOUT_MODEL.name} on 826 people`, async (t) => {
  const goals = GOALS[CHECKOUT_MODEL_NAME],
    { calibration } = CHECKOUT_MODEL,
    { quality } = calibration;
  const { folder, list } = wideSet();
  const faces = await embedInProcesses(folder, list, LOCAL_PATHS.recognition);
  const people = faces.map((photos) => photos.map((face) => face?.embedding));
  const scores = comparePairs(people);

  await t.step("two million pairs of strangers are compared; few photos are refused", () => {
    const photos = faces.flat();
    assertEquals([people.length, photos.length], [826, 2086]);
    const seen = photos.filter((face) => face !== undefined);
    assert(seen.length >= 2030, `${seen.length} photos show one face`);
    const clear = seen.filter((face) => findQualityFault(face.quality, quality) === undefined);
    assert(clear.length >= seen.length * 0.98, `${clear.length} photos pass the quality gate`);
    assert(scores.strangers.pairs > 2e6, `${scores.strangers.pairs}`);
  });

  await t.step("the FRR at measured FMRs of 1e-3, 1e-4 and 1e-5 reaches its goals", () => {
    const frrs = new Map(rejectionsAtFmr(scores).map(({ fmr, balanced }) => [fmr, balanced]));
    const limits = [
      [1e-3, goals.at1in1000],
      [1e-4, goals.at1in10000],
      [1e-5, goals.at1in100000],
    ] as const;
    for (const [fmr, limit] of limits) {
      const { value, low, high } = frrs.get(fmr)!;
      assert(value <= limit, `FMR ${fmr}: FRR ${value} (${low} to ${high})`);
      assert(low <= value && value <= high && high - low < 0.08, `${low} to ${high}`);
    }
  });

  const rates = templateRates(people, 2)!;

  await t.step("two fused templates refuse no more users than the nearest of both", () => {
    assert(rates.users > 380, `${rates.users} users`);
    for (const fmr of [1e-4, 1e-5]) {
      const frr = (use: "nearest" | "fused") => rates.frr(use, rates.thresholdAt(use, fmr), false);
      assert(frr("fused") <= frr("nearest"), `${fmr}: ${frr("fused")} > ${frr("nearest")}`);
    }
  });

  await t.step("strangers match at most twice as often as the calibration promises", () => {
    const rates = [
      ...promisedFmrs(scores, calibration, [1e-3, 1e-4]),
      ...promisedFpirs(scores, calibration).filter(({ promised }) => promised === 1e-2),
    ];
    assertEquals(rates.length, 4);
    for (const { promised, cosine, measured } of rates) {
      const ratio = measured!.value / promised;
      assert(ratio > 0.5 && ratio < 2, `${promised} promised at ${cosine}: ${ratio} times`);
    }
  });

  await t.step("a fused vector that counts as two templates keeps the promise", () => {
    const cosine = similarityThreshold(DEFAULT_CONFIDENCE, 2, calibration);
    const fmr = rates.fmr("fused", cosine);
    assert(fmr < 2e-4, `${fmr}`);
  });
});
