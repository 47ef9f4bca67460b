/** Runs a command of the project, such as `deno task enroll`, as a process. */

import { join } from "node:path";
import { ROOT } from "./checkout.ts";

/** Result of a command. */
export interface CommandResult {
  readonly code: number;
  /** Standard output. */
  readonly out: string;
  /** Standard error. */
  readonly err: string;
}

/** Settings of {@linkcode runCommand}. */
export interface RunCommandOptions {
  /** Working directory (default: the project's folder). */
  readonly cwd?: string;
  /** Variables to set in addition to those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Name of the permissions of the command's task in deno.json (default: `tool`). */
  readonly permissions?: string;
  /** Path of the file that is the command's standard input (default: nothing). */
  readonly stdin?: string;
  /** Path of a file that gets the command's standard output, byte for byte. `out` is then empty. */
  readonly stdout?: string;
}

/**
 * Runs a command with the same permissions as its task in deno.json.
 *
 * @param program Path of the command's main file in the project
 * @param args Arguments of the command
 * @param options Working directory, environment and permissions
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  { cwd = ROOT, env = {}, permissions = "tool", stdin, stdout: file }: RunCommandOptions = {},
): Promise<CommandResult> {
  const config = ["--config", join(ROOT, "deno.json")];
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", ...config, `-P=${permissions}`, join(ROOT, program), ...args],
    cwd,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (stdin !== undefined) await (await Deno.open(stdin)).readable.pipeTo(process.stdin);
  const { code, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  if (file !== undefined) await Deno.writeFile(file, stdout);
  return {
    code,
    out: file === undefined ? decoder.decode(stdout) : "",
    err: decoder.decode(stderr),
  };
}
