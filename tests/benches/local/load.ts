/** Puts a service under load, and measures its rate and its CPU time. */

import { cpuMs } from "../../support/process_facts.ts";
import { median, timed } from "../timing.ts";
import { type AuthenticateRequest, openClient } from "./client.ts";

/** A service that is measured. */
export interface Subject {
  readonly url: URL;
  /** Returns the ids of all its processes; undefined when they are not known. */
  readonly processes: () => Promise<readonly number[] | undefined>;
}

/** Settings of {@linkcode measureLoad}. */
export interface LoadOptions {
  readonly requests: readonly [AuthenticateRequest, ...AuthenticateRequest[]];
  /** Number of clients. Each sends its next request when the last one is answered. */
  readonly clients: number;
  /** Number of requests of all clients together. */
  readonly count: number;
}

/** Figures of a service under load. */
export interface Load {
  /** Time between two answers. */
  readonly busyMs: number;
  /** Median of the time of a request at the client. */
  readonly requestMs: number;
  /** CPU time of a request in all processes; undefined when the processes are not known. */
  readonly cpuMs: number | undefined;
}

/** Sends requests, some at the same time, and waits for all answers. */
export async function measureLoad(
  { url, processes }: Subject,
  { requests, clients, count }: LoadOptions,
): Promise<Load> {
  await using client = openClient(url, requests, clients);
  const pids = await processes();
  const usedMs = async () => pids && (await Promise.all(pids.map(cpuMs))).reduce((a, b) => a + b);
  const times: number[] = [];
  let left = count;
  const before = await usedMs();
  const wallMs = await timed(() =>
    Promise.all(Array.from({ length: clients }, async () => {
      while (left-- > 0) times.push(await timed(client.ask));
    }))
  );
  const after = await usedMs();
  return {
    busyMs: wallMs / count,
    requestMs: median(times),
    cpuMs: after === undefined ? undefined : (after - before!) / count,
  };
}
