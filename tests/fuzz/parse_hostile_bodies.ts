/**
 * Parses every hostile body and prints the milliseconds of CPU time that each took. A test runs this
 * program with a small heap: it ends with an error when a parser needs more memory.
 *
 * Usage: parse_hostile_bodies.ts MEGABYTES
 */

import { cpuUsage } from "node:process";
import { Problem } from "../../shared/contract/problem.ts";
import { parseProbe } from "../../shared/http/parse_probe.ts";
import { HOSTILE_BODIES } from "./hostile_bodies.ts";

const size = Number(Deno.args[0]) * 1_000_000;

for (const [kind, { contentType, make }] of Object.entries(HOSTILE_BODIES)) {
  const body = make(size);
  const started = cpuUsage();
  let result = "accepted";
  try {
    parseProbe({ body, contentType, queryUserId: undefined, maxImageBytes: 10_000_000 });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    result = error.message;
  }
  const { user, system } = cpuUsage(started);
  console.log(`${((user + system) / 1000).toFixed(1).padStart(7)}  ${kind}: ${result}`);
}
