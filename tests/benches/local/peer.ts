/** Compares the service with another one that answers `POST /authenticate`, in turns. */

import { listPhotoFolder } from "../../../worker/commands/photo_folder.ts";
import { listFamily } from "../../support/list_processes.ts";
import { digits, type Finding } from "../budget.ts";
import { median, ratioOf } from "../timing.ts";
import { openBothModes, subjectOf } from "./both_modes.ts";
import { type AuthenticateRequest, jsonRequest } from "./client.ts";
import { type Load, measureLoad, type Subject } from "./load.ts";
import { jpegOf } from "./pictures.ts";

/** Users of the service. The peer should have as many. */
const USERS = 2000;
const CLIENTS = 8;
const ROUNDS = 5;
/** Requests of a round to each of the services. */
const COUNT = 300;
/** Requests to each of the services before the first round: V8 compiles what runs often. */
const WARM_UP = 2000;

/** The other service. */
export interface Peer {
  readonly url: URL;
  /** Id of its process, whose CPU time is measured with that of its descendants. */
  readonly pid: number | undefined;
  /** Folder with photos (DIR/<person>/<photo>) to send; undefined: one sample picture. */
  readonly photos: string | undefined;
}

/** What is compared. */
export interface Compared<Value> {
  readonly held: Value;
  readonly served: Value;
  readonly peer: Value;
}

/** Measures the peer and both modes of the service: the same pictures, in JSON, by one client. */
export async function measurePeer({ url, pid, photos }: Peer): Promise<Finding[]> {
  const requests = await readRequests(photos);
  await using services = await openBothModes(USERS);
  const subjects: Compared<Subject> = {
    held: subjectOf(services.held),
    served: subjectOf(services.served),
    peer: {
      url,
      processes: async () => pid === undefined ? undefined : await familyOf(pid),
    },
  };
  const options = { requests, clients: CLIENTS, count: COUNT };
  for (const one of Object.values(subjects)) await measureLoad(one, { ...options, count: WARM_UP });
  return findingsOf(await measureRounds(ROUNDS, subjects, (one) => measureLoad(one, options)));
}

/**
 * Measures all subjects in each round. Each round begins with another subject. One round comes first
 * as a warm-up and is not returned.
 */
export async function measureRounds<One>(
  rounds: number,
  subjects: Compared<One>,
  measure: (subject: One) => Promise<Load>,
): Promise<Compared<Load>[]> {
  const order = ["held", "served", "peer"] as const;
  const measured: Compared<Load>[] = [];
  for (let i = -1; i < rounds; i++) {
    const round: Partial<Record<keyof Compared<Load>, Load>> = {};
    for (let j = 0; j < order.length; j++) {
      const name = order[(i + 1 + j) % order.length]!;
      round[name] = await measure(subjects[name]);
    }
    if (i >= 0) measured.push(round as Compared<Load>);
  }
  return measured;
}

/** Makes the rows: those of the peer, and those of each mode beside it. */
export function findingsOf(rounds: readonly Compared<Load>[]): Finding[] {
  const all = (name: keyof Compared<Load>, figure: keyof Load) =>
    rounds.map((round) => round[name][figure]).filter((value) => value !== undefined);
  const hasCpu = all("peer", "cpuMs").length > 0;
  const perSecond = (name: keyof Compared<Load>) => 1000 / median(all(name, "busyMs"));
  const cpu = (name: keyof Compared<Load>) => `${digits(median(all(name, "cpuMs")))} ms`;
  const beside = (name: "held" | "served", mode: string, budget: number): Finding[] => [
    {
      what: `requests/s ÷ the peer's, ${mode}`,
      // Each time is that between two answers, so the peer's comes first.
      measured: ratioOf({ a: all("peer", "busyMs"), b: all(name, "busyMs") }),
      budget,
      bound: "at least",
      detail: `${digits(perSecond(name))}/s ÷ ${digits(perSecond("peer"))}/s, p50 ${
        digits(median(all(name, "requestMs")))
      } ms`,
    },
    ...hasCpu
      ? [{
        what: `CPU of a request ÷ the peer's, ${mode}`,
        measured: ratioOf({ a: all(name, "cpuMs"), b: all("peer", "cpuMs") }),
        bound: "at most" as const,
        detail: `${cpu(name)} ÷ ${cpu("peer")}`,
      }]
      : [],
  ];
  return [
    {
      what: "requests/s of the peer",
      measured: perSecond("peer"),
      bound: "at least",
      detail: [
        `p50 ${digits(median(all("peer", "requestMs")))} ms`,
        ...hasCpu ? [`${cpu("peer")} of CPU a request`] : [],
        `${rounds.length} rounds, ${CLIENTS} clients`,
      ].join(", "),
    },
    ...beside("held", "gallery in workers", 1.3),
    ...beside("served", "gallery service", 1.15),
  ];
}

async function familyOf(pid: number): Promise<number[]> {
  return (await listFamily(pid)).map((process) => process.pid);
}

async function readRequests(
  photos: string | undefined,
): Promise<[AuthenticateRequest, ...AuthenticateRequest[]]> {
  if (photos === undefined) return [jsonRequest(await jpegOf(250, 250))];
  const { people } = await listPhotoFolder(photos);
  const paths = people.flatMap((person) => person.photos);
  const [first, ...others] = await Promise.all(
    paths.map(async (path) => jsonRequest(await Deno.readFile(path))),
  );
  if (first === undefined) throw new Error(`There is no photo in ${photos}`);
  return [first, ...others];
}
