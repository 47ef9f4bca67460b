/** Command that fuzzes pictures. Arguments: [FIRST_SEED] [COUNT], by default 1 and 10,000. */

import process from "node:process";
import { fuzzPictures } from "./fuzz_pictures.ts";

if (import.meta.main) {
  const [firstSeed = 1, count = 10_000] = Deno.args.map(Number);
  const started = performance.now();
  const { outcomes, failures, rssBytes } = await fuzzPictures(firstSeed, count, (done) => {
    if (done % 1000 === 0) console.error(`${done} of ${count}`);
  });
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`${count} damaged pictures from seed ${firstSeed} in ${seconds} s`);
  for (const [outcome, times] of outcomes) console.log(`${outcome}: ${times}`);
  const quarter = Math.max(1, Math.floor(rssBytes.length / 4));
  const highest = (values: readonly number[]) => Math.round(Math.max(...values) / 1e6);
  const first = highest(rssBytes.slice(0, quarter)), last = highest(rssBytes.slice(-quarter));
  console.log(`highest memory use: first quarter ${first} MB, last quarter ${last} MB`);
  for (const { seed, outcome } of failures) console.error(`seed ${seed}: ${outcome}`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
