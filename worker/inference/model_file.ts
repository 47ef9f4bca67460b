/** A model in a file. */

import { hashFile, versionOf } from "./hash_file.ts";
import { findSplitModel } from "./split_model.ts";

/**
 * A model that ONNX Runtime reads from its file. A copy of a large model in the memory of JavaScript
 * takes longer to make than to compute with.
 */
export class ModelFile {
  /**
   * @param path Path of the file
   * @param sha256 sha256 of its content
   * @param loaded Path of the file that ONNX Runtime reads: this one, or the split model of it
   * @param versions Change when somebody changes a file: the path and version of each
   */
  private constructor(
    readonly path: string,
    readonly sha256: string,
    readonly loaded: string,
    private readonly versions: ReadonlyMap<string, string>,
  ) {}

  /** Reads the file, and computes its sha256; or takes the split model, when the image has one. */
  static async read(path: string): Promise<ModelFile> {
    const split = await findSplitModel(path);
    if (split !== undefined) {
      return new ModelFile(path, split.sha256, split.path, split.versions);
    }
    const { sha256, version } = await hashFile(path);
    return new ModelFile(path, sha256, path, new Map([[path, version]]));
  }

  /** True when the files are still those that were read. */
  async isUnchanged(): Promise<boolean> {
    for (const [path, version] of this.versions) {
      if (versionOf(await Deno.stat(path)) !== version) return false;
    }
    return true;
  }
}
