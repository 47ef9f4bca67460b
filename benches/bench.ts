/** The command `deno task bench`: every budget that can be measured without a cluster. */

import { printFindings } from "./budget.ts";
import { measureMatch } from "./match.ts";
import { measurePipeline } from "./pipeline.ts";
import { measureService } from "./service.ts";
import { measureWorkerStart } from "./worker_start.ts";

for (const measure of [measurePipeline, measureMatch, measureWorkerStart, measureService]) {
  printFindings(await measure());
  console.log();
}
