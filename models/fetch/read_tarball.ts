/** Takes single files out of a package's tarball while it streams by. */

import { once } from "node:events";
import { Buffer } from "node:buffer";
import { Parser } from "tar";

/**
 * Reads the wanted files of a gzipped tarball. What is not wanted is not kept, so the memory needed
 * is that of the wanted files.
 *
 * @param chunks The tarball's bytes
 * @param wanted Paths inside the package: without the folder that npm puts everything into
 * @returns The content of each wanted file that there is, by its path
 * @throws {Error} when it is not a tarball, or a truncated one; or what `chunks` throws
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
  // Awaited below; until then its rejection is nobody's.
  ended.catch(() => {});
  for await (const chunk of chunks) {
    if (!parser.write(chunk)) await Promise.race([once(parser, "drain"), ended]);
  }
  parser.end();
  await ended;
  return contents;
}
