/**
 * The picture library, restricted to what the worker needs. Everything that decodes bytes of other
 * people imports the library from here.
 */

import sharp from "sharp";

// A worker decodes one picture at a time. A cache would only keep faces in memory, and more threads
// would take cores from the machine's other workers.
sharp.cache(false);
sharp.concurrency(1);

/**
 * Loaders of libvips for the formats of IMAGE_TYPES. Without the block, libvips chooses a loader by
 * the bytes: JPEG bytes can reach the decoder of Ultra HDR, which holds more of the picture in
 * memory and does not tell that it is progressive.
 */
const LOADERS = [
  "VipsForeignLoadJpegBuffer",
  "VipsForeignLoadPngBuffer",
  "VipsForeignLoadWebpBuffer",
];
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({ operation: LOADERS });

export default sharp;
