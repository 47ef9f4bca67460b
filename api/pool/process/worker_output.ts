/** Reads what a worker process prints on its standard output. */

import { z } from "zod";

/** The gallery that a worker has loaded. */
export interface LoadedGallery {
  readonly fingerprint: string;
  /** True when the gallery does not name the model that made its templates. */
  readonly withoutModel: boolean;
}

/** Values that a worker prints. A promise stays pending when the worker never prints it. */
export interface WorkerOutput {
  /** Address at which the worker listens. */
  readonly listening: Promise<URL>;
  /** The gallery that the worker has loaded. */
  readonly loaded: Promise<LoadedGallery>;
  /** Why the worker cannot start; undefined when the output ends without a reason. */
  readonly failure: Promise<string | undefined>;
}

/** Longest line of a worker. The rest of a longer line is dropped. */
const MAX_LINE = 8000;
/** Longest reason of a worker. */
const MAX_FAILURE = 1000;
const Fingerprint = z.string().regex(/^[0-9a-f]{64}$/);
const Line = z.union([
  z.object({ listening: z.url() }),
  z.object({ failed: z.string().max(MAX_FAILURE) }),
  z.object({
    gallery: z.object({ loaded: Fingerprint, seen: Fingerprint, without_model: z.boolean() }),
  }),
]);

/**
 * Reads the output until it ends: a full pipe would block the worker. Lines that are not as expected
 * are dropped.
 *
 * @param onGallery Called with the fingerprint of the gallery that exists, each time that the worker
 * has seen another one
 */
export function readWorkerOutput(
  stdout: ReadableStream<Uint8Array<ArrayBuffer>>,
  onGallery: (fingerprint: string) => void,
): WorkerOutput {
  const listening = Promise.withResolvers<URL>();
  const loaded = Promise.withResolvers<LoadedGallery>();
  const failure = Promise.withResolvers<string | undefined>();
  const ended = readLines(stdout, (text) => {
    const line = parseLine(text);
    if (line === undefined) return;
    if ("listening" in line) return listening.resolve(new URL(line.listening));
    if ("failed" in line) return failure.resolve(line.failed);
    onGallery(line.gallery.seen);
    const { loaded: fingerprint, without_model: withoutModel } = line.gallery;
    loaded.resolve({ fingerprint, withoutModel });
  });
  void ended.then(() => failure.resolve(undefined));
  return { listening: listening.promise, loaded: loaded.promise, failure: failure.promise };
}

async function readLines(
  stdout: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (text: string) => void,
): Promise<void> {
  let rest = "";
  try {
    for await (const text of stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!.slice(0, MAX_LINE);
      for (const line of lines) onLine(line);
    }
  } catch {
    // The process has ended.
  }
}

function parseLine(text: string): z.infer<typeof Line> | undefined {
  if (text.length >= MAX_LINE) return undefined;
  try {
    return Line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
