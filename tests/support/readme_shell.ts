/** Runs commands of the README as a user runs them, without touching files of the user. */

import { delimiter, join } from "node:path";
import { assert, assertEquals } from "@std/assert";
import { ROOT } from "./checkout.ts";
import { eventually } from "./eventually.ts";
import { temporaryFolder } from "./temporary_folder.ts";

/** A word in capitals that is neither a variable with its value nor a method after `curl -X`. */
const PLACEHOLDER = /(?<![\w$./-]|-X )[A-Z][A-Z_]+\b(?![=.])/;

/** Makes curl fail on an error response, and print nothing but the response. */
const CURL = '#!/bin/sh\nPATH="$OWN_PATH" exec curl --fail --silent --show-error "$@"\n';

/** A shell in the project's folder. Disposing of it removes what its commands have written. */
export interface ReadmeShell extends AsyncDisposable {
  /** Path that stands for `gallery.json`. */
  readonly gallery: string;
  /** Address that stands for `http://localhost:8080`. */
  readonly url: URL;
  /** Runs a command and returns what it prints. */
  run(command: string): Promise<string>;
  /** Starts a command that serves. Disposing of the result ends the command. */
  serve(command: string): Promise<AsyncDisposable>;
}

/**
 * Opens a shell.
 *
 * @param photos Folder that stands for `DIR`
 */
export async function openReadmeShell(photos: string): Promise<ReadmeShell> {
  const folder = await temporaryFolder({ "bin/curl": CURL });
  await Deno.chmod(folder.path("bin/curl"), 0o755);
  // The commands use this Deno, as if it were installed.
  await Deno.symlink(Deno.execPath(), folder.path("bin/deno"));
  const gallery = folder.path("gallery.json");
  const port = choosePort();
  /** Names in the README, and what stands for each of them here. */
  const substitutes: readonly [name: RegExp, value: string][] = [
    [/\bDIR\b/g, photos],
    [/\bgallery\.json\b/g, gallery],
    [/\blocalhost:8080\b/g, `localhost:${port}`],
  ];
  const path = Deno.env.get("PATH") ?? "";

  const spawn = (command: string, prefix: string, stdout: "piped" | "null") => {
    const [placeholder] = PLACEHOLDER.exec(command.replace(/\bDIR\b/g, "")) ?? [];
    assert(
      placeholder === undefined,
      `README: "${command}" has the placeholder ${placeholder}. ` +
        "Add its value to substitutes in tests/support/readme_shell.ts",
    );
    let line = command;
    for (const [name, value] of substitutes) line = line.replace(name, value);
    return new Deno.Command("sh", {
      args: ["-c", prefix + line],
      cwd: ROOT,
      env: {
        PATH: [join(folder.root, "bin"), path].join(delimiter),
        OWN_PATH: path,
        PORT: String(port),
      },
      stdin: "null",
      stdout,
      stderr: stdout,
    }).spawn();
  };
  const url = new URL(`http://localhost:${port}`);

  return {
    gallery,
    url,
    async run(command) {
      const { code, stdout, stderr } = await spawn(command, "", "piped").output();
      const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assertEquals(
        code,
        0,
        `README: "${command}" ends with exit code ${code}. If another test runs this command, add ` +
          `it to RUN_ELSEWHERE in tests/integration/readme_test.ts.\n${err}`,
      );
      return out!;
    },
    async serve(command) {
      // The command takes the place of the shell, so that the signal reaches the command.
      const service = spawn(command, "exec env ", "null");
      let ended = false;
      const status = service.status.finally(() => ended = true);
      const serving = {
        async [Symbol.asyncDispose]() {
          if (!ended) service.kill("SIGTERM");
          await status;
          await eventually(async () => !(await isReady(url)), `${command} has ended`);
        },
      };
      await using starting = new AsyncDisposableStack();
      starting.use(serving);
      await eventually(
        async () => {
          assert(!ended, `README: "${command}" has ended`);
          return await isReady(url);
        },
        `${command} serves`,
        120_000,
      );
      starting.move();
      return serving;
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

async function isReady(url: URL): Promise<boolean> {
  try {
    const response = await fetch(new URL("/ready", url));
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Returns 8080, as in the README, or another free port when that one is in use. */
function choosePort(): number {
  for (const port of [8080, 0]) {
    try {
      using listener = Deno.listen({ hostname: "0.0.0.0", port });
      return listener.addr.port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      console.log("Port 8080 is in use: the README's commands run on another port");
    }
  }
  throw new Error("No port is free");
}
