import { assertEquals, assertRejects } from "@std/assert";
import { sha256 } from "../../shared/sha256.ts";
import { splitPaths } from "../../shared/split_paths.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { splitModel } from "../image/split_models.ts";
import { ModelFile, OtherFilesError } from "./model_file.ts";
import { ModelError, openSession } from "./session.ts";
import { SplitModelError } from "./split_model.ts";

const content = await Deno.readFile(LOCAL_PATHS.recognition);
const name = await sha256(content);

/** Makes a folder with a split model. */
async function splitFolder() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder({ "model.onnx": content }));
  const model = folder.path("model.onnx");
  await splitModel(model);
  const moved = stack.move();
  return { model, ...splitPaths(model), [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

/** Changes a byte in the middle of a file. */
async function damage(path: string): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[bytes.length >> 1]! ^= 1;
  await Deno.writeFile(path, bytes);
}

Deno.test("a split model has the name and the numbers of the model", async () => {
  await using folder = await splitFolder();
  const file = await ModelFile.read(folder.model);
  assertEquals([file.sha256, file.loaded], [name, folder.graph]);
  await using split = await openSession(file, "recognition");
  await using plain = await openSession(content, "recognition");
  const face = Float32Array.from({ length: 3 * 112 * 112 }, (_, i) => Math.cos(i));
  const shape = [1, 3, 112, 112];
  assertEquals(await split.run(face, shape), await plain.run(face, shape));
});

Deno.test("the graph of a split model is refused as a model, because its weights are not in it", async () => {
  await using folder = await splitFolder();
  await assertRejects(() => ModelFile.read(folder.graph), OtherFilesError);
});

Deno.test("a split model with a damaged or missing file is refused", async () => {
  const changes: Record<string, (paths: Awaited<ReturnType<typeof splitFolder>>) => Promise<void>> =
    {
      "graph changed": ({ graph }) => damage(graph),
      "weights changed": ({ weights }) => damage(weights),
      "graph removed": ({ graph }) => Deno.remove(graph),
      "weights removed": ({ weights }) => Deno.remove(weights),
      "record cut": ({ record }) => Deno.truncate(record, 20),
      "record is null": ({ record }) => Deno.writeTextFile(record, "null"),
      "record is a list": ({ record }) => Deno.writeTextFile(record, "[]"),
    };
  for (const [change, make] of Object.entries(changes)) {
    await using folder = await splitFolder();
    await make(folder);
    const error = await assertRejects(() => ModelFile.read(folder.model), SplitModelError);
    assertEquals(error.message, `The split model of ${folder.model} is damaged`, change);
  }
});

Deno.test("without a record, the error is that of the missing model", async () => {
  await using folder = await splitFolder();
  await Deno.remove(folder.record);
  await assertRejects(() => ModelFile.read(folder.model), Deno.errors.NotFound, folder.model);
});

Deno.test("a model file beside a split model is read itself", async () => {
  await using folder = await splitFolder();
  const other = await Deno.readFile(LOCAL_PATHS.landmarks);
  await Deno.writeFile(folder.model, other);
  const file = await ModelFile.read(folder.model);
  assertEquals([file.sha256, file.loaded], [await sha256(other), folder.model]);
});

Deno.test("a file of a split model that changes while it is loaded is refused", async () => {
  for (const changed of ["graph", "weights"] as const) {
    await using folder = await splitFolder();
    const file = await ModelFile.read(folder.model);
    await Deno.writeFile(folder[changed], await Deno.readFile(folder[changed]));
    await assertRejects(() => openSession(file, "test"), ModelError, "changed while it was loaded");
  }
});
