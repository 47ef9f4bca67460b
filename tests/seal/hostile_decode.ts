/**
 * The decoder of a hostile worker. It decodes the pictures of the worker's own start. The first
 * picture of a request takes it over: it attacks, and prints its attempts as lines of JSON.
 */

import { decode as decodePicture, type DecodeLimits } from "../../worker/pipeline/decode.ts";
import { Attacker } from "./attacks.ts";
import { type TriedAttempt, writeAttempts } from "./attempts.ts";
import type { Attempts } from "./raw_calls.ts";

/** Requests may send larger pictures than the start decodes. */
const LARGEST_AT_START = 1_000_000;

const main = new Attacker();
const older = new Worker(new URL("older_thread.ts", import.meta.url), { type: "module" });
const answerOfOlder = () =>
  new Promise<Attempts>((resolve, reject) => {
    older.onmessage = ({ data }) => resolve(data);
    older.onerror = reject;
  });
await answerOfOlder();

export async function decode(bytes: Uint8Array, limits: DecodeLimits) {
  if (limits.maxPixels > LARGEST_AT_START) {
    print("main", await main.attack());
    const answered = answerOfOlder();
    older.postMessage("attack");
    print("older", await answered);
    console.log(JSON.stringify({ attacked: true }));
  }
  return await decodePicture(bytes, limits);
}

function print(thread: TriedAttempt["thread"], attempts: Attempts): void {
  for (const line of writeAttempts(thread, attempts)) console.log(line);
}
