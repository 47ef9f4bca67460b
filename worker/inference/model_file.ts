/** A model in a file. */

import { createHash } from "node:crypto";

/** Bytes that are read at once. */
const PART_BYTES = 1024 * 1024;

/**
 * Stands for the bytes of a model that ONNX Runtime reads from the file itself. It has no bytes: a
 * copy of a large model in the memory of JavaScript takes longer to make than to compute with.
 */
export class ModelFile extends Uint8Array<ArrayBuffer> {
  /**
   * @param path Path of the file
   * @param sha256 sha256 of its content
   * @param version Changes when somebody changes the file
   */
  private constructor(
    readonly path: string,
    readonly sha256: string,
    private readonly version: string,
  ) {
    super(new ArrayBuffer(0));
  }

  /** Reads the file, and computes its sha256. */
  static async read(path: string): Promise<ModelFile> {
    using file = await Deno.open(path);
    const version = versionOf(await file.stat());
    // The hash of Web Crypto takes twice the time, and needs the whole file in memory.
    const hash = createHash("sha256");
    const part = new Uint8Array(PART_BYTES);
    for (let size; (size = file.readSync(part)) !== null;) hash.update(part.subarray(0, size));
    return new ModelFile(path, hash.digest("hex"), version);
  }

  /** True when the file is still the one that was read. */
  async isUnchanged(): Promise<boolean> {
    return versionOf(await Deno.stat(this.path)) === this.version;
  }
}

const versionOf = ({ ino, size, mtime }: Deno.FileInfo): string =>
  [ino, size, mtime?.getTime()].join(" ");
