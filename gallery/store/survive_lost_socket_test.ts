import { assertEquals } from "@std/assert";
import { surviveLostSocket } from "./survive_lost_socket.ts";

/** Returns true when an uncaught error with this stack does not end the process. */
function survives(error: Error, stack: string): boolean {
  error.stack = stack;
  const event = new ErrorEvent("error", { error, cancelable: true });
  globalThis.dispatchEvent(event);
  return event.defaultPrevented;
}

Deno.test("only the error of a lost socket of the PostgreSQL client is survived", () => {
  surviveLostSocket();
  const text = "Cannot read properties of null (reading 'write')";
  const client = "file:///cache/npm/postgres/3.4.9/src/connection.js:255:22";
  const stack = (place: string) => `TypeError: ${text}\n    at ${place}`;
  const error = () => new TypeError(text);
  assertEquals(survives(error(), stack(`Immediate.nextWrite (${client})`)), true);
  assertEquals(survives(error(), stack(`Immediate.other (${client})`)), false);
  assertEquals(survives(error(), stack("nextWrite (file:///app/gallery/main.ts:1:1)")), false);
  assertEquals(survives(new Error(text), stack(`Immediate.nextWrite (${client})`)), false);
});
