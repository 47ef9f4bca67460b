/** Reads the command line of `deno task bench`. */

import { parseArgs } from "node:util";
import { describeArgumentError } from "../../../shared/argument_error.ts";
import type { Peer } from "./peer.ts";

/** Options of the command. */
export interface BenchOptions {
  /** Names of the measures to run; all of them when there is none. */
  readonly only: readonly string[];
  readonly peer: Peer | undefined;
  /** File to which each finding is appended as a line of JSON. */
  readonly json: string | undefined;
}

/** Line that shows how to run the command. */
export const USAGE =
  "Usage: deno task bench [--only NAME]… [--json FILE] [--peer URL [--peer-pid PID] [--photos DIR]]";

/** Returns the options, or a sentence without a period that says what is wrong. */
export function readBenchOptions(
  args: readonly string[],
  names: readonly string[],
): BenchOptions | string {
  const values = parse(args);
  if (typeof values === "string") return values;
  const { only, json } = values;
  const peer = readPeer(values);
  if (typeof peer === "string") return peer;
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) return `--only must be one of ${names.join(", ")}: it is "${unknown}"`;
  if (only.includes("peer") && peer === undefined) return "--only peer needs --peer URL";
  return { only, peer, json };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        only: { type: "string", multiple: true, default: [] },
        json: { type: "string" },
        peer: { type: "string" },
        "peer-pid": { type: "string" },
        photos: { type: "string" },
      },
    }).values;
  } catch (error) {
    return describeArgumentError(error);
  }
}

function readPeer(
  { peer, photos, "peer-pid": pid }: {
    readonly peer?: string;
    readonly photos?: string;
    readonly "peer-pid"?: string;
  },
): Peer | undefined | string {
  if (peer === undefined) {
    return pid === undefined && photos === undefined
      ? undefined
      : "--peer-pid and --photos need --peer URL";
  }
  const url = URL.parse(peer);
  // Both must share the same cores. And a benchmark must not put the machines of others under load.
  if (url?.protocol !== "http:" || !/^(127(\.\d+){3}|\[::1\]|localhost)$/.test(url.hostname)) {
    return `--peer must be an http URL of this machine: it is "${peer}"`;
  }
  if (pid !== undefined && !/^[1-9]\d*$/.test(pid)) {
    return `--peer-pid must be the id of a process: it is "${pid}"`;
  }
  return { url, pid: pid === undefined ? undefined : Number(pid), photos };
}
