/**
 * Holds a store in a process of its own, which a test can kill. Reads one call a line from
 * standard input, as JSON, and writes one result a line.
 */

import { openStore } from "../../gallery/store/open_store.ts";
import { parseTemplateKeys } from "../../shared/template_keys.ts";
import { exitOnConfigError } from "../../shared/exit_on_config_error.ts";
import { callStore } from "./store_steps.ts";

const [location, keys] = Deno.args as [string, string];
let now = 0;
await using store = await exitOnConfigError(() =>
  openStore(location, { keys: parseTemplateKeys(keys), now: () => now })
);
console.log(JSON.stringify("open"));
let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    const call = JSON.parse(line);
    now = call.now;
    console.log(JSON.stringify(await callStore(store, now, call)));
  }
}
