/**
 * The command `deno task soak:cluster [--minutes N] [--tier NAME]`: sends requests to the service on
 * a real node in each tier of isolation, and measures the memory of the processes that stay. Exits
 * with 1 when one of them grows, or when an answer is unexpected. Exits with 2 when it cannot begin.
 */

import { parseArgs } from "node:util";
import { delay } from "../../../shared/backoff.ts";
import { openRelease, type Release } from "../../e2e/release.ts";
import { openUsers } from "../../e2e/users.ts";
import { forever } from "../../support/forever.ts";
import { listProcesses } from "../../support/list_processes.ts";
import { writeRow, writeTable } from "../../support/markdown_table.ts";
import { areMet } from "../../support/needs.ts";
import { sample } from "../../support/pictures.ts";
import { residentBytes } from "../../support/process_facts.ts";
import { slopeOfLowest } from "../soak/slope.ts";

const POOL_SIZE = 4;
const CLIENTS = 4;
const SAMPLE_EVERY_MS = 3000;
/** Share of a tier's time, at its beginning, in which memory may grow. */
const WARM_UP = 0.4;
/**
 * Megabytes by which the least memory of a process may grow per minute after the warm-up. V8 lets
 * garbage grow by tens of megabytes before it collects it.
 */
const MAX_GROWTH_MB = 3;
/** Samples that make a slope. */
const MIN_SAMPLES = 10;
const HEAD = [
  "tier",
  "process",
  "MB at first",
  "MB at last",
  "MB at most",
  "MB a minute",
  "answers",
];
const EXPECTED = new Set([200, 400, 415, 422, 503]);

/** A tier of isolation. */
interface Tier {
  /** Values of the chart that make the tier. */
  readonly set: readonly string[];
  /** Minutes of the requests, unless the command says another number. */
  readonly minutes: number;
}

const TIERS: Readonly<Record<string, Tier>> = {
  "pod": { set: [`poolSize=${POOL_SIZE}`], minutes: 10 },
  "process": {
    set: ["isolation=process", "poolSize=1", `processes.perPod=${POOL_SIZE}`],
    minutes: 10,
  },
  // V8 collects all garbage of an api after about 8,000 answers. Before, its memory seems to grow.
  "reuse": { set: [`poolSize=${POOL_SIZE}`, "requestsPerWorker=50"], minutes: 22 },
};
/** Programs whose processes stay for the whole time, or for many requests. */
const PROGRAMS = ["api/main.ts", "gallery/main.ts", "supervisor/main.ts"];

const { values } = parseArgs({
  options: { minutes: { type: "string" }, tier: { type: "string" } },
});
const wanted = values.minutes === undefined ? undefined : Number(values.minutes);
if (wanted !== undefined && !(wanted > 0)) {
  stop(`--minutes must be a number above 0: it is "${values.minutes}"`);
}
const tiers = Object.entries(TIERS).filter(([tier]) =>
  values.tier === undefined || values.tier === tier
);
if (tiers.length === 0) stop(`--tier must be one of ${Object.keys(TIERS).join(", ")}`);
if (!areMet("helm", "node")) {
  stop("Needs helm, a cluster whose node has all images (KUBECONFIG), and FACE_IT_TEST_E2E=1");
}

/** The memory of one process, as points of minutes and megabytes. */
type Series = [minute: number, mb: number][];

const pictures = await Promise.all(
  ["user1_similar.png", "user2.png", "different.png"].map(sample),
);
const bodies = [...pictures, pictures[0]!.slice(0, 20_000), new TextEncoder().encode("No picture")];
const complaints = new Set<string>();
console.log(writeTable({ head: HEAD, rows: [] }));
for (const [tier, { set, minutes }] of tiers) {
  // A stranger in a picture would soon be refused, and cost no worker.
  await using release = await openRelease(...set, "gallery.tries.searches=0");
  await release.untilServing();
  const users = await openUsers(release);
  await users.enrol("user1", pictures[0]!);
  await soak(tier, release, wanted ?? minutes);
}
console.log(`Verdict: ${complaints.size === 0 ? "nothing grows" : [...complaints].join("; ")}`);
Deno.exit(complaints.size === 0 ? 0 : 1);

/** Sends requests for the whole time, and prints a row for each process. */
async function soak(tier: string, release: Release, minutes: number): Promise<void> {
  const started = performance.now();
  const minute = () => (performance.now() - started) / 60_000;
  const series = new Map<string, Series>();
  let answers = 0, recognised = 0;
  await Promise.all([
    ...Array.from({ length: CLIENTS }, async (_, client) => {
      for (let i = client; minute() < minutes; i++) {
        const { status } = await release.post(bodies[i % bodies.length]!);
        if (!EXPECTED.has(status)) complaints.add(`${tier}: an answer with ${status}`);
        answers++;
        if (status === 200) recognised++;
      }
    }),
    (async () => {
      for (; minute() < minutes; await delay(SAMPLE_EVERY_MS, forever())) {
        await addSamples(series, minute());
      }
    })(),
  ]);
  const measured = new Set<string>();
  const longest = Math.max(...series.values().map((points) => points.length));
  for (const [process, points] of series) {
    const settled = points.filter(([at]) => at > minutes * WARM_UP);
    // A pod of processes is replaced after its last request, long before a slope could be told.
    if (settled.length < MIN_SAMPLES || points.length < longest / 2) continue;
    measured.add(process.split(" ", 1)[0]!);
    const growth = slopeOfLowest(settled);
    if (growth > MAX_GROWTH_MB) complaints.add(`${tier}: the memory of ${process} grows`);
    const mb = (index: number) => points.at(index)![1].toFixed(0);
    const most = Math.max(...points.map(([, mb]) => mb)).toFixed(0);
    console.log(writeRow([tier, process, mb(0), mb(-1), most, growth.toFixed(1), answers]));
  }
  if (!measured.has("api") || !measured.has("gallery")) {
    complaints.add(`${tier}: too few samples`);
  }
  if (recognised === 0) complaints.add(`${tier}: no face was recognised`);
}

/** Adds the memory of each process of {@linkcode PROGRAMS} on this machine. */
async function addSamples(series: Map<string, Series>, minute: number): Promise<void> {
  for (const { pid, command } of await listProcesses()) {
    const program = PROGRAMS.find((name) => command.endsWith(name) && command.includes("deno run"));
    if (program === undefined) continue;
    const name = `${program.split("/", 1)} ${pid}`;
    // A process can end after it was listed.
    const bytes = await residentBytes(pid).catch(() => undefined);
    if (bytes === undefined) continue;
    const points = series.get(name) ?? [];
    points.push([minute, bytes / 1e6]);
    series.set(name, points);
  }
}

function stop(message: string): never {
  console.error(message);
  Deno.exit(2);
}
