import { assert, assertEquals } from "@std/assert";
import type { Calibration } from "../../models/calibration.ts";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { CosineHistogram } from "../../worker/commands/strangers/cosine_histogram.ts";
import { fitTail } from "../../worker/commands/calibrate/fit_tail.ts";
import { measureRates } from "../../worker/commands/calibrate/rates_report.ts";
import { needs } from "../support/needs.ts";

/** The calibrations in the manifest, by the name of the histogram that they were fitted to. */
const SHIPPED: Readonly<Record<string, Calibration>> = {
  "fr, two landmark passes": MODEL_MANIFEST.models.recognition.small.calibration,
  "sface_arc, two landmark passes": MODEL_MANIFEST.models.recognition.sface.calibration,
};

/** Cosines of all pairs in bins of 0.001, from −1 to 1. */
interface Histograms {
  readonly histograms: Readonly<Record<string, { readonly strangers: readonly number[] }>>;
}

needs("lfw_histograms")(
  "calibrations in the manifest, on 87 million pairs of strangers",
  async (t) => {
    const path = Deno.env.get("FACE_IT_LFW_HISTOGRAMS")!;
    const { histograms }: Histograms = JSON.parse(await Deno.readTextFile(path));
    const strangersOf = (name: string) => new CosineHistogram(histograms[name]!.strangers);

    for (const [name, shipped] of Object.entries(SHIPPED)) {
      await t.step(`${name}: false matches are 0.5 to 2 times as many as promised`, () => {
        const rates = measureRates(strangersOf(name), shipped)
          .filter(({ promised }) => promised <= 1e-2 && promised >= 0.9e-6);
        assertEquals(rates.length, 5);
        for (const { promised, measured } of rates) {
          const ratio = measured / promised;
          assert(ratio > 0.5 && ratio < 2, `${ratio} of ${promised}`);
        }
      });

      await t.step(`${name}: the calibration is the one that is fitted to these pairs`, () => {
        const fit = fitTail(strangersOf(name))!;
        assertEquals([shipped.fitted_mean_cosine, shipped.fitted_dimension], [
          Number(fit.fitted_mean_cosine.toFixed(4)),
          Number(fit.fitted_dimension.toFixed(1)),
        ]);
      });
    }

    await t.step("the mean and the variance of all pairs do not keep their promise", () => {
      const strangers = strangersOf("fr, two landmark passes");
      const { mean, variance } = strangers.moments();
      const before = { fitted_mean_cosine: mean, fitted_dimension: 1 / variance };
      const rate = measureRates(strangers, before).find(({ promised }) => promised < 1.1e-5)!;
      assert(rate.measured / rate.promised > 5, `${rate.measured}`);
    });
  },
);
