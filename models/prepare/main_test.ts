import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { MODEL_MANIFEST } from "../manifest.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

async function prepare(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-P=tool", "models/prepare/main.ts", ...args],
    cwd: ROOT,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("prepare-model leaves the default model, which is prepared, as it is", async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir();
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  const output = join(folder, "out.onnx");
  const { code, out } = await prepare(LOCAL_PATHS.recognition, output);
  assertEquals(code, 0);
  assertStringIncludes(out, "0 weights set to zero, 0 PRelu rewritten");
  assertStringIncludes(out, MODEL_MANIFEST.models.recognition.prepared_sha256!);
  assertEquals(await Deno.readFile(output), await Deno.readFile(LOCAL_PATHS.recognition));
});

Deno.test("prepare-model refuses what is no model, and says how it is called", async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir();
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  const output = join(folder, "out.onnx");
  assertEquals(await prepare("README.md", output), {
    code: 1,
    out: "",
    err: "README.md: The file is not an ONNX model\n",
  });
  assertEquals((await prepare("no/such/file", output)).code, 1);
  assertEquals(Array.from(Deno.readDirSync(folder)), []);
  assertEquals((await prepare("model.onnx")).code, 2);
});
