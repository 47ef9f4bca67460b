/**
 * Ends this process when a process that started it has ended. So no process of the service keeps
 * running on a laptop. `deno task start` preloads this module; the api itself does not import it.
 */

import { exists, findStarters, PROCESS_TABLE } from "./find_starters.ts";

const POLL_MS = 500;

/** The api shuts down on this signal. */
const end = () => Deno.kill(Deno.pid, "SIGTERM");

const parent = Deno.ppid;
const throughNpx = Deno.env.get("npm_lifecycle_event") === "npx";
const starters = await findStarters(parent, throughNpx, PROCESS_TABLE)
  // Without ps, only the parent of this process is known.
  .catch(() => [parent]);

if (starters === undefined) end();
else {
  const timer = setInterval(() => {
    if (starters.every(exists)) return;
    clearInterval(timer);
    end();
  }, POLL_MS);
  // Deno starts the api only when it need not wait for this timer.
  Deno.unrefTimer(timer);
}
