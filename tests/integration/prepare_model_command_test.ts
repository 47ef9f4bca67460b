import { assertEquals, assertStringIncludes } from "@std/assert";
import { CHECKOUT_MODEL } from "../support/checkout_model.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { type CommandResult, runCommand } from "../support/run_command.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

Deno.test("prepare-model copies a model that is already prepared", async () => {
  await using folder = await temporaryFolder();
  const output = folder.path("out.onnx");
  const { code, out } = await prepareModel(LOCAL_PATHS.recognition, output);
  assertEquals(code, 0);
  assertStringIncludes(
    out,
    "0 nodes computed or removed, 0 channels removed, 0 weights set to zero, 0 PRelu rewritten",
  );
  assertStringIncludes(out, CHECKOUT_MODEL.prepared_sha256!);
  assertEquals(await Deno.readFile(output), await Deno.readFile(LOCAL_PATHS.recognition));
});

Deno.test("prepare-model refuses a file that is not a model; a wrong command line shows the usage", async () => {
  await using folder = await temporaryFolder();
  const output = folder.path("out.onnx");
  assertEquals(await prepareModel("README.md", output), {
    code: 1,
    out: "",
    err: "README.md: The file is not an ONNX model\n",
  });
  const error = async (input: string, output: string, err: string) =>
    assertEquals(await prepareModel(input, output), { code: 1, out: "", err: `${err}\n` });
  await error("no/such/file", output, "no/such/file cannot be read: No such file or directory");
  await error("models", output, "models cannot be read: Is a directory");
  const model = LOCAL_PATHS.recognition;
  await error(model, folder.root, `${folder.root} cannot be written: Is a directory`);
  const none = folder.path("none/out.onnx");
  await error(model, none, `${none} cannot be written: No such file or directory`);
  assertEquals(Array.from(Deno.readDirSync(folder.root)), []);
  assertEquals(await prepareModel("model.onnx"), {
    code: 2,
    out: "",
    err: "Usage: deno task prepare-model IN OUT\n",
  });
});

const prepareModel = (...args: string[]): Promise<CommandResult> =>
  runCommand("models/prepare/main.ts", args);
