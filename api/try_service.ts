/**
 * The command that `helm test` runs. It sends a picture to the service until a worker answers.
 *
 * Usage: try_service.ts URL [--key-file FILE]
 *
 * The key in the file is sent with the picture. Without the file, the request has no key.
 */

import { parseArgs } from "node:util";
import { z } from "zod";
import { delay } from "../shared/backoff.ts";

/** A grey PNG of 64 x 64 pixels, without a face: a worker that processes it answers no_face. */
const GREY_PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAAAAACPAi4CAAAAKUlEQVR42u3MQREAAAwCIKMb3RD77SAA6VEEAoFA" +
  "IBAIBAKBQCAQfA8G320AeXC6efoAAAAASUVORK5CYII=";
const PAUSE_MS = 1000;
const DEADLINE_MS = 90_000;

const CodeSchema = z.object({ code: z.string() });

/** Error for a response that shows a fault of the service. */
export class UnexpectedResponse extends Error {
  override readonly name = "UnexpectedResponse";
}

/** Settings of {@linkcode tryService}. */
export interface TryServiceOptions {
  /** Key of the caller. */
  readonly key?: string | undefined;
  /** Milliseconds between two attempts. */
  readonly pauseMs?: number;
}

/**
 * Sends the picture until a worker has processed it. Retries while the service is unreachable or has
 * no worker.
 *
 * @param signal Ends the attempts
 * @throws {UnexpectedResponse} for a response that is neither no_face nor a 503
 * @throws the signal's reason
 */
export async function tryService(
  url: URL,
  signal: AbortSignal,
  { key, pauseMs = PAUSE_MS }: TryServiceOptions = {},
): Promise<void> {
  for (;;) {
    const answer = await post(new URL("/authenticate", url), key, signal);
    if (answer?.code === "no_face") return;
    if (answer !== undefined && answer.status !== 503) {
      throw new UnexpectedResponse(`The service answered ${answer.status} ${answer.code}`);
    }
    await delay(pauseMs, signal);
  }
}

/** Sends the picture once. Returns undefined when the service is unreachable. */
async function post(url: URL, key: string | undefined, signal: AbortSignal) {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        ...key !== undefined && { Authorization: `Bearer ${key}` },
      },
      body: JSON.stringify({ image_base64: GREY_PNG }),
      signal,
    });
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
  const body = CodeSchema.safeParse(await response.json().catch(() => undefined));
  return { status: response.status, code: body.data?.code };
}

/**
 * Reads a key from a file.
 *
 * @returns undefined when there is no file: the Secret of the key can be deleted
 * @throws {TypeError} when the file has no key
 */
export async function readKeyFile(path: string): Promise<string | undefined> {
  let text: string;
  try {
    text = (await Deno.readTextFile(path)).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  if (!/^[!-~]+$/.test(text)) throw new TypeError(`${path} must have one key and nothing else`);
  return text;
}

async function main(): Promise<void> {
  const { values, positionals: [url, ...others] } = parseArgs({
    allowPositionals: true,
    options: { "key-file": { type: "string" } },
  });
  if (url === undefined || others.length > 0) {
    throw new TypeError("Usage: try_service.ts URL [--key-file FILE]");
  }
  const file = values["key-file"];
  const key = file === undefined ? undefined : await readKeyFile(file);
  await tryService(new URL(url), AbortSignal.timeout(DEADLINE_MS), { key });
  console.log("OK: a worker processed the test picture (no face, as expected)");
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
