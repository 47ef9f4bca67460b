/** Tells the process that started the worker which gallery the worker has, and which one exists. */

import type { GalleryWatch } from "./gallery/gallery_watch.ts";

/** Services of {@linkcode reportGallery}. */
export interface ReportServices {
  /** True when the loaded gallery does not name the model that made its templates. */
  readonly withoutModel: boolean;
  /** Writes a line to standard output. */
  readonly print: (line: string) => void;
  /** Calls a function again and again. */
  readonly every: (milliseconds: number, call: () => void) => void;
}

/** Milliseconds between two looks at the files. */
export const LOOK_MS = 500;

/**
 * Prints which gallery is loaded, then each other gallery that is seen in its place:
 * `{"gallery": {"loaded": FINGERPRINT, "seen": FINGERPRINT, "without_model": false}}`.
 */
export async function reportGallery(
  watch: GalleryWatch,
  { withoutModel, print, every }: ReportServices,
): Promise<void> {
  let reported: string | undefined;
  const report = async () => {
    const seen = await watch.look();
    if (seen === reported) return;
    reported = seen;
    print(JSON.stringify({ gallery: { loaded: watch.first, seen, without_model: withoutModel } }));
  };
  await report();
  every(LOOK_MS, () => void report());
}
