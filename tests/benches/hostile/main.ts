/**
 * The command `deno task bench:hostile [--seconds N]`: sends hostile requests of every kind to the
 * real service, 20 a second, for a minute by default, together with honest ones. Exits with 1 when a goal
 * is missed, and with 2 when it cannot begin.
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { delay } from "../../../shared/backoff.ts";
import { LOCAL_PATHS } from "../../../shared/local_paths.ts";
import { forever } from "../../support/forever.ts";
import { sample } from "../../support/pictures.ts";
import { residentBytes } from "../../support/process_facts.ts";
import { Service } from "../../support/service.ts";
import { cpuMs, eventLoopDelays, quantile, watchMemory } from "./api_watch.ts";
import { type NamedPicture, refusedPictures } from "./hostile_pictures.ts";
import { hostileKinds } from "./hostile_requests.ts";
import { Outcomes } from "./outcomes.ts";

const POOL_SIZE = 2;
const CLIENTS = 4;
const HOSTILE_PER_SECOND = 20;
/** Time in which the pool's rate is measured. */
const RATE_MS = 8000;
/** Requests of each kind whose CPU time is measured. */
const COST_REQUESTS = 20;
const GOALS = { memoryMb: 200, delayMs: 250, costMs: 10 };

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" } },
});
const seconds = Number(values.seconds);
if (!(seconds > 0)) stop(`--seconds must be a number above 0: it is "${values.seconds}"`);
if (Deno.build.os !== "linux") stop("bench:hostile reads /proc: it needs Linux");
try {
  await Deno.stat(LOCAL_PATHS.recognition);
} catch {
  stop("bench:hostile needs the models and the sample pictures: run `deno task setup` first");
}

const missed: string[] = [];
const kinds = await hostileKinds();
const honest = await sample("user1_similar.png");
const preload = "--preload=./tests/benches/hostile/watch_event_loop.ts";
await using service = new Service(
  { POOL_SIZE: String(POOL_SIZE), LOG_LEVEL: "info" },
  ["run", "-q", "-P=api-local", preload, "api/main.ts"],
);
await service.untilReady();
await service.untilFull(POOL_SIZE);

const rate = await poolRate();
console.log(`The pool of ${POOL_SIZE} answers ${rate.toFixed(1)} requests a second`);
await measureCosts(await refusedPictures());
await storm();
for (const goal of missed) console.log(`MISSED: ${goal}`);
console.log(missed.length === 0 ? "Every goal is met" : `${missed.length} goals are missed`);
process.exitCode = missed.length === 0 ? 0 : 1;

/** Measures how many requests a second the pool answers when more are waiting. */
async function poolRate(): Promise<number> {
  const ends = performance.now() + RATE_MS;
  let answers = 0;
  await Promise.all(Array.from({ length: 2 * POOL_SIZE }, async () => {
    while (performance.now() < ends) {
      if ((await service.post(honest)).status === 200) answers++;
    }
  }));
  await service.untilFull(POOL_SIZE);
  return answers / RATE_MS * 1000;
}

/**
 * Measures the api's CPU time for pictures that it refuses without a worker, and for as many bytes
 * that are no picture: that is the cost of receiving them.
 */
async function measureCosts(pictures: readonly NamedPicture[]): Promise<void> {
  console.log("\nCPU ms of the api for a picture that is refused before a worker is claimed");
  console.log("   all  receiving       size  status");
  for (const [name, picture] of pictures) {
    const receiving = await costOf(new Uint8Array(picture.length));
    const cost = await costOf(picture);
    const { status } = await service.post(picture);
    const size = `${(picture.length / 1e6).toFixed(2)} MB`.padStart(9);
    const figures = `${cost.toFixed(1).padStart(6)}  ${receiving.toFixed(1).padStart(9)}`;
    console.log(`${figures}  ${size}  ${status}  ${name}`);
    const own = cost - receiving;
    check(
      own < GOALS.costMs,
      `checking "${name}" costs ${own.toFixed(1)} ms: not under ${GOALS.costMs}`,
    );
  }
}

async function costOf(body: Uint8Array): Promise<number> {
  const before = await cpuMs(service.pid);
  for (let i = 0; i < COST_REQUESTS; i++) await service.post(body);
  return (await cpuMs(service.pid) - before) / COST_REQUESTS;
}

/** Sends hostile and honest requests side by side. */
async function storm(): Promise<void> {
  const rest = await residentBytes(service.pid);
  const firstLine = service.lines.length;
  const ends = performance.now() + seconds * 1000;
  const isRunning = () => performance.now() < ends;
  const hostile = new Outcomes(), answers = new Outcomes();
  let turn = 0;
  const sendHostile = async () => {
    const kind = kinds[turn++ % kinds.length]!;
    hostile.count(kind.name, await kind.send(service.url).catch((error) => `failed: ${error}`));
  };
  const sendHonest = async () => {
    const { status, headers } = await service.post(honest);
    answers.count("honest", `${status}${headers.has("Retry-After") ? " with Retry-After" : ""}`);
  };
  const memory = watchMemory(service, isRunning);
  await Promise.all([
    ...Array.from(
      { length: CLIENTS },
      (_, i) => every(CLIENTS / HOSTILE_PER_SECOND, i, sendHostile),
    ),
    every(4 / rate, 0, sendHonest),
  ]);

  /** Starts a task at a fixed rate, whether or not the tasks before have ended. */
  async function every(periodS: number, client: number, task: () => Promise<void>): Promise<void> {
    const running = new Set<Promise<void>>();
    await delay(periodS * 1000 * client / CLIENTS, forever());
    for (; isRunning(); await delay(periodS * 1000, forever())) {
      const task_ = task().finally(() => running.delete(task_));
      running.add(task_);
    }
    await Promise.all(running);
  }

  const grownMb = (await memory - rest) / 1e6;
  const delays = eventLoopDelays(service, firstLine);
  const p99 = quantile(delays, 0.99);
  console.log(`\n${turn} hostile requests in ${seconds} s`);
  for (const line of hostile.lines()) console.log(line);
  for (const line of answers.lines()) console.log(line);
  console.log(
    `Memory of the api: ${(rest / 1e6).toFixed(0)} MB at rest, at most ${
      grownMb.toFixed(0)
    } MB more`,
  );
  console.log(
    `Delay of its event loop: p50 ${quantile(delays, 0.5)} ms, p99 ${p99} ms, at most ${
      quantile(delays, 1)
    } ms`,
  );
  check(
    grownMb <= GOALS.memoryMb,
    `the api grew by ${grownMb.toFixed(0)} MB, over ${GOALS.memoryMb}`,
  );
  check(delays.length > 0, "the delay of the event loop was not measured");
  check(p99 < GOALS.delayMs, `the event loop's p99 delay is ${p99} ms, not under ${GOALS.delayMs}`);
  const wrong = answers.of("honest").filter((outcome) =>
    !/^(200|503 with Retry-After)$/.test(outcome)
  );
  check(wrong.length === 0, `honest requests got ${wrong}`);
}

function check(isMet: boolean, goal: string): void {
  if (!isMet) missed.push(goal);
}

function stop(message: string): never {
  console.error(message);
  Deno.exit(2);
}
