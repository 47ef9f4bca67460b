/** Runs the command `deno task key new`: makes a key for a caller. */

import process from "node:process";
import { KEY_HELP, KEY_USAGE, newKey, readKeyOptions } from "./new_key.ts";

/** Returns the exit code. */
function main(args: string[]): number {
  const options = readKeyOptions(args, Date.now());
  if (options === "help") {
    console.log(KEY_HELP);
    return 0;
  }
  if ("wrong" in options) {
    console.error(`${options.wrong}. ${KEY_USAGE}`);
    return 2;
  }
  const { key, entry } = newKey(options);
  console.error(`${key}\n`);
  console.error("This is the key. It is shown only now: give it to the caller. Put the entry into");
  console.error('the list "keys" of the keys file. The entry does not contain the key.\n');
  console.log(JSON.stringify(entry, null, 2));
  return 0;
}

if (import.meta.main) process.exitCode = main(Deno.args);
