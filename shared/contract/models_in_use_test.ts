import { assertEquals } from "@std/assert";
import { WORKER_MODELS } from "./fake_answers.ts";
import { readWorkerModels } from "./models_in_use.ts";

const { calibration, match } = WORKER_MODELS;

Deno.test("the header of a worker is read", () => {
  for (
    const models of [
      WORKER_MODELS,
      { ...WORKER_MODELS, calibration: null, match: { on: "cosine", threshold: 1, cosine: null } },
    ]
  ) {
    assertEquals<unknown>(readWorkerModels(JSON.stringify(models)), models);
  }
});

Deno.test("a header that is not as documented is ignored", () => {
  const wrong = [
    undefined,
    "",
    "{",
    "null",
    [JSON.stringify(WORKER_MODELS)],
    JSON.stringify(WORKER_MODELS) + " ".repeat(1024),
    ...[
      { recognition: "<script>" },
      { landmarks: undefined },
      { note: "an unknown field" },
      { match: { ...match, threshold: 7 } },
      { match: { ...match, on: "luck" } },
      { calibration: { ...calibration, fitted_dimension: "80" } },
      { calibration: undefined },
    ].map((change) => JSON.stringify({ ...WORKER_MODELS, ...change })),
  ];
  for (const header of wrong) assertEquals(readWorkerModels(header), undefined, `${header}`);
});
