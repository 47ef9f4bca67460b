/** A model in a file. */

import { hashFile, versionOf } from "./hash_file.ts";
import { readSplitModel } from "./split_model.ts";

/** Error for a model whose weights are in other files. */
export class OtherFilesError extends Error {
  /** Name of the class. */
  override readonly name = "OtherFilesError";

  constructor() {
    super("its weights are in other files: save it as one file");
  }
}

/**
 * A model that ONNX Runtime reads from its file. A copy of a large model in the memory of JavaScript
 * takes longer to make than to compute with.
 */
export class ModelFile {
  /**
   * @param path Path of the file
   * @param sha256 sha256 of its content
   * @param loaded Path of the file that ONNX Runtime reads: this one, or the graph of the split model
   * @param versions Path and version of each file that was read
   */
  private constructor(
    readonly path: string,
    readonly sha256: string,
    readonly loaded: string,
    private readonly versions: ReadonlyMap<string, string>,
  ) {}

  /**
   * Reads the file, and computes its sha256. Where there is no such file, reads the split model that
   * is in its place in an image: see {@linkcode readSplitModel}.
   *
   * @throws {OtherFilesError} for a model whose sha256 would not tell all of its weights
   */
  static async read(path: string): Promise<ModelFile> {
    try {
      const { sha256, version, namesOtherFile } = await hashFile(path);
      if (namesOtherFile) throw new OtherFilesError();
      return new ModelFile(path, sha256, path, new Map([[path, version]]));
    } catch (error) {
      const split = error instanceof Deno.errors.NotFound ? await readSplitModel(path) : undefined;
      if (split === undefined) throw error;
      return new ModelFile(path, split.sha256, split.path, split.versions);
    }
  }

  /** True when the files are still those that were read. */
  async isUnchanged(): Promise<boolean> {
    for (const [path, version] of this.versions) {
      if (versionOf(await Deno.stat(path)) !== version) return false;
    }
    return true;
  }
}
