/** Reads single files of a package's tarball from a stream. */

import { once } from "node:events";
import { Buffer } from "node:buffer";
import { Parser } from "tar";

/**
 * Reads files of a gzipped tarball. Keeps only the wanted files in memory.
 *
 * @param chunks Bytes of the tarball
 * @param wanted Paths in the package, without the top folder that npm adds
 * @returns The content of each wanted file that the tarball contains, by its path
 * @throws {Error} when the bytes are not a tarball or end early, and any error of `chunks`
 */
export async function readTarball(
  chunks: AsyncIterable<Uint8Array>,
  wanted: ReadonlySet<string>,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const contents = new Map<string, Uint8Array<ArrayBuffer>>();
  const parser = new Parser({
    strict: true,
    onReadEntry(entry) {
      const path = entry.path.replace(/^[^/]+\//, "");
      if (entry.type !== "File" || !wanted.has(path)) return entry.resume();
      const parts: Buffer[] = [];
      entry.on("data", (part) => parts.push(part));
      entry.on("end", () => contents.set(path, new Uint8Array(Buffer.concat(parts))));
    },
  });
  const ended = once(parser, "end");
  // The code below awaits `ended`. A rejection before that must not count as unhandled.
  ended.catch(() => {});
  for await (const chunk of chunks) {
    if (!parser.write(chunk)) await Promise.race([once(parser, "drain"), ended]);
  }
  parser.end();
  await ended;
  return contents;
}
