/** Starts processes that hold a store, with only the permissions that the store needs. */

import { readText } from "../support/read_output.ts";
import type { StoreHost } from "./store_property.ts";
import type { Call } from "./store_steps.ts";

const SCRIPT = new URL("./store_process.ts", import.meta.url);

/** A process with a store. */
export interface StoreProcess extends AsyncDisposable {
  call(now: number, call: Call): Promise<unknown>;
  /** Ends the process with SIGKILL. */
  kill(): Promise<void>;
}

/**
 * Starts a process and resolves when its store is open.
 *
 * @throws {Error} with what the process wrote on standard error, when it ends before
 */
export async function startStoreProcess(location: string, keys: string): Promise<StoreProcess> {
  const permissions = URL.canParse(location)
    ? [`--allow-net=${new URL(location).hostname}`]
    : [`--allow-read=${location}`, `--allow-write=${location}`];
  permissions.push("--allow-sys=hostname", "--ignore-env");
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-check", ...permissions, SCRIPT.href, location, keys],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
  }).spawn();
  const waiting: PromiseWithResolvers<unknown>[] = [Promise.withResolvers()];
  const [opened] = waiting;
  let errors = "";
  const readErrors = readText(process.stderr, (text) => errors += text);
  let rest = "";
  const ended = readText(process.stdout, (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) waiting.shift()!.resolve(JSON.parse(line));
  }).then(() => readErrors).then(() => {
    for (const { reject } of waiting) reject(new Error(errors));
  });
  const input = process.stdin.getWriter();
  const end = async () => {
    await input.close().catch(() => {});
    await process.status;
    await ended;
  };
  try {
    await opened!.promise;
  } catch (error) {
    await end();
    throw error;
  }
  return {
    call(now, call) {
      const answer = Promise.withResolvers<unknown>();
      waiting.push(answer);
      input.write(new TextEncoder().encode(`${JSON.stringify({ now, ...call })}\n`))
        .catch(() => {});
      return answer.promise;
    },
    async kill() {
      process.kill("SIGKILL");
      await end();
    },
    [Symbol.asyncDispose]: end,
  };
}

/** Returns a store in a process, as the property tests want it. */
export async function hostInProcess(folder: string, keys: string): Promise<StoreHost> {
  let store = await startStoreProcess(folder, keys);
  return {
    call: (now, call) => store.call(now, call),
    kill: () => store.kill(),
    async revive() {
      store = await startStoreProcess(folder, keys);
    },
    async reopen() {
      await store[Symbol.asyncDispose]();
      store = await startStoreProcess(folder, keys);
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
