/** Measures what the gallery service adds to a request, beside workers that hold the gallery. */

import type { Service } from "../../support/service.ts";
import { digits, type Finding, printFindings } from "../budget.ts";
import { median, ratioOf, timed } from "../timing.ts";
import { openBothModes, subjectOf } from "./both_modes.ts";
import { jpegRequest, openClient } from "./client.ts";
import { measureLoad } from "./load.ts";
import { jpegOf } from "./pictures.ts";

const USERS = 2000;
const CORES = navigator.hardwareConcurrency;
const ROUNDS = 8;
const ALONE = 40;
const TOGETHER = 150;
/**
 * The throughput with the gallery service may be 1.15 where it is 1.3 with the gallery in workers,
 * both divided by that of the same reference.
 */
const BUDGET = 1.13;

/** Milliseconds that one request of a round took. */
interface Round {
  /** Time of a request at the client when no other one is served; the median. */
  readonly aloneMs: number;
  /** Time between two answers when all cores are busy. */
  readonly busyMs: number;
  /** CPU time of all processes of the service, when all cores are busy. */
  readonly cpuMs: number;
}

/** Measures both in turns, with the same picture and the same 2,000 users. */
export async function measureGalleryService(): Promise<Finding[]> {
  const picture = await jpegOf(250, 250);
  await using services = await openBothModes(USERS);
  const { held, served } = services;
  const rounds = { a: [] as Round[], b: [] as Round[] };
  for (let i = -1; i < ROUNDS; i++) {
    const [a, b] = [await measure(served, picture), await measure(held, picture)];
    // The first round is a warm-up.
    if (i < 0) continue;
    rounds.a.push(a);
    rounds.b.push(b);
  }
  const compare = (what: string, figure: keyof Round): Finding => {
    const [a, b] = [rounds.a, rounds.b].map((all) => all.map((round) => round[figure]));
    return {
      what: `${what}, gallery service ÷ gallery in workers`,
      measured: ratioOf({ a: a!, b: b! }),
      budget: BUDGET,
      bound: "at most",
      detail: `${digits(median(a!))} ms ÷ ${digits(median(b!))} ms`,
    };
  };
  return [
    compare("CPU of a request", "cpuMs"),
    compare("a request alone, p50", "aloneMs"),
    compare("time for each request under load", "busyMs"),
  ];
}

async function measure(service: Service, picture: Uint8Array): Promise<Round> {
  const requests = [jpegRequest(picture)] as const;
  await using client = openClient(service.url, requests, 1);
  const alone: number[] = [];
  for (let i = 0; i < ALONE; i++) alone.push(await timed(client.ask));
  const load = { requests, clients: 2 * CORES, count: TOGETHER };
  const { busyMs, cpuMs } = await measureLoad(subjectOf(service), load);
  return { aloneMs: median(alone), busyMs, cpuMs: cpuMs! };
}

if (import.meta.main) printFindings(await measureGalleryService());
