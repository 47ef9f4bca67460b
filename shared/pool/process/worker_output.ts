/** Reads what a worker process prints about its gallery. */

import { z } from "zod";
import { MAX_LINE } from "../../process/read_lines.ts";

/** The gallery that a worker has loaded. */
export interface LoadedGallery {
  readonly fingerprint: string;
  /** True when the gallery does not name the model that made its templates. */
  readonly withoutModel: boolean;
}

/** Reads the lines that a worker prints. */
export interface WorkerOutput {
  /** Reads a line. A line that is not as expected is dropped. */
  readonly onLine: (text: string) => void;
  /** The gallery that the worker has loaded. Stays pending when the worker never prints it. */
  readonly loaded: Promise<LoadedGallery>;
}

const Fingerprint = z.string().regex(/^[0-9a-f]{64}$/);
const Line = z.object({
  gallery: z.object({ loaded: Fingerprint, seen: Fingerprint, without_model: z.boolean() }),
});

/**
 * Makes the reader of a worker's lines.
 *
 * @param onGallery Called with the fingerprint of the gallery that exists, each time that the worker
 * has seen another one
 */
export function createWorkerOutput(onGallery: (fingerprint: string) => void): WorkerOutput {
  const loaded = Promise.withResolvers<LoadedGallery>();
  return {
    onLine(text) {
      const line = parseLine(text);
      if (line === undefined) return;
      onGallery(line.gallery.seen);
      const { loaded: fingerprint, without_model: withoutModel } = line.gallery;
      loaded.resolve({ fingerprint, withoutModel });
    },
    loaded: loaded.promise,
  };
}

function parseLine(text: string): z.infer<typeof Line> | undefined {
  // A worker that a picture has taken over may print any number of lines.
  if (text.length >= MAX_LINE || !text.startsWith('{"gallery":')) return undefined;
  try {
    return Line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
