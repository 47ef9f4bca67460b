/**
 * Preloaded into the api by `deno task bench:hostile`: measures how late its timers are. Every
 * second it writes a line to standard error, `{"event_loop_delays_ms":[…]}`.
 */

const EVERY_MS = 10;
const REPORT_EVERY_MS = 1000;

let due = performance.now() + EVERY_MS;
let delays: number[] = [];

function measure(): void {
  const now = performance.now();
  delays.push(Math.max(0, Math.round(now - due)));
  due = now + EVERY_MS;
  Deno.unrefTimer(setTimeout(measure, EVERY_MS));
}

Deno.unrefTimer(setTimeout(measure, EVERY_MS));
Deno.unrefTimer(setInterval(() => {
  console.error(JSON.stringify({ event_loop_delays_ms: delays }));
  delays = [];
}, REPORT_EVERY_MS));
