/**
 * Ends this process when the processes that started it have ended, so that no process of the service
 * is left on a laptop. `deno task start` preloads this module: the api knows nothing of it.
 */

import { exists, findStarters, PROCESS_TABLE } from "./find_starters.ts";

const POLL_MS = 500;

/** The api shuts down on this signal. */
const end = () => Deno.kill(Deno.pid, "SIGTERM");

const parent = Deno.ppid;
const throughNpx = Deno.env.get("npm_lifecycle_event") === "npx";
const starters = await findStarters(parent, throughNpx, PROCESS_TABLE)
  // A machine without ps cannot tell which process is above the parent.
  .catch(() => [parent]);

if (starters === undefined) end();
else {
  const timer = setInterval(() => {
    if (starters.every(exists)) return;
    clearInterval(timer);
    end();
  }, POLL_MS);
  // Deno starts the api when nothing of this module is left to wait for.
  Deno.unrefTimer(timer);
}
