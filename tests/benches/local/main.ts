/**
 * The command `deno task bench`: measures every budget that needs no cluster. Exits with 2 for a
 * wrong command line.
 */

import { type Finding, printFindings } from "../budget.ts";
import { appendFindings } from "../findings_file.ts";
import { measureGalleryService } from "./gallery_service.ts";
import { measureMatch } from "./match.ts";
import { readBenchOptions, USAGE } from "./options.ts";
import { measurePeer } from "./peer.ts";
import { measurePipeline } from "./pipeline.ts";
import { measurePreparedModel } from "./prepared_model.ts";
import { measureService } from "./service.ts";
import { measureWorkerStart } from "./worker_start.ts";

const MEASURES: Readonly<Record<string, () => Promise<Finding[]>>> = {
  "pipeline": measurePipeline,
  "prepared-model": measurePreparedModel,
  "match": measureMatch,
  "worker-start": measureWorkerStart,
  "service": measureService,
  "gallery-service": measureGalleryService,
};

const options = readBenchOptions(Deno.args, [...Object.keys(MEASURES), "peer"]);
if (typeof options === "string") {
  console.error(`${options}\n${USAGE}`);
  Deno.exit(2);
}
const { only, peer, json } = options;
const measures = { ...MEASURES, ...peer && { peer: () => measurePeer(peer) } };
for (const [name, measure] of Object.entries(measures)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const findings = await measure();
  printFindings(findings);
  console.log();
  if (json !== undefined) await appendFindings(json, findings);
}
