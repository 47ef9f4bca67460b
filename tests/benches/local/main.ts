/** The command `deno task bench`: measures every budget that needs no cluster. */

import { printFindings } from "../budget.ts";
import { measureGalleryService } from "./gallery_service.ts";
import { measureMatch } from "./match.ts";
import { measurePipeline } from "./pipeline.ts";
import { measurePreparedModel } from "./prepared_model.ts";
import { measureService } from "./service.ts";
import { measureWorkerStart } from "./worker_start.ts";

const MEASURES = [
  measurePipeline,
  measurePreparedModel,
  measureMatch,
  measureWorkerStart,
  measureService,
  measureGalleryService,
];

for (const measure of MEASURES) {
  printFindings(await measure());
  console.log();
}
