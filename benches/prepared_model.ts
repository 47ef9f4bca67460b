/** The prepared recognition model beside the published one. */

import { LOCAL_PATHS } from "../shared/local_paths.ts";
import { fetchPublishedModel } from "../tests/accuracy/published_model.ts";
import { openSession } from "../worker/inference/session.ts";
import { digits, type Finding, printFindings } from "./budget.ts";
import { median, ratioOf, timeInTurns } from "./timing.ts";

/** Measures both in one process, denormals flushed in both. */
export async function measurePreparedModel(): Promise<Finding[]> {
  await using prepared = await openSession(
    await Deno.readFile(LOCAL_PATHS.recognition),
    "recognition",
  );
  await using published = await openSession(await fetchPublishedModel(), "recognition");
  const face = Float32Array.from({ length: 3 * 112 * 112 }, (_, i) => Math.sin(i));
  const shape = [1, 3, 112, 112];
  const times = await timeInTurns(
    60,
    () => prepared.run(face, shape),
    () => published.run(face, shape),
  );
  return [{
    what: "prepared ÷ published recognition model",
    measured: ratioOf(times),
    budget: 0.55,
    bound: "at most",
    detail: `${digits(median(times.a))} ms ÷ ${digits(median(times.b))} ms`,
  }];
}

if (import.meta.main) printFindings(await measurePreparedModel());
