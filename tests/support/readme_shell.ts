/** Runs commands of the README as a user runs them, but does not change files of the user. */

import { delimiter, join } from "node:path";
import { assert, assertEquals } from "@std/assert";
import { ROOT } from "./checkout.ts";
import { eventually } from "./eventually.ts";
import { temporaryFolder } from "./temporary_folder.ts";

/** Matches a word in capitals, but not the NAME of `NAME=value` or the method after `curl -X`. */
const PLACEHOLDER = /(?<![\w$./-]|-X )[A-Z][A-Z_]+\b(?![=.])/;

/** Makes curl fail on an error response, and print only the response. */
const CURL = '#!/bin/sh\nPATH="$OWN_PATH" exec curl --fail --silent --show-error "$@"\n';

/** A shell in the project's folder. Disposing of it removes what its commands have written. */
export interface ReadmeShell extends AsyncDisposable {
  /** Path that replaces `gallery.json` in the commands. */
  readonly gallery: string;
  /** Address that replaces `http://localhost:8080` in the commands. */
  readonly url: URL;
  /** Runs a command and returns what it prints. */
  run(command: string): Promise<string>;
  /** Starts a command that runs the service. Disposing of the result ends the command. */
  serve(command: string): Promise<AsyncDisposable>;
}

/** Options of {@linkcode openReadmeShell}. */
export interface ReadmeShellOptions {
  /** More names in the commands, each with the value that replaces it. */
  readonly others?: readonly [name: RegExp, value: string][];
  /** Folders of programs that the commands call. */
  readonly programs?: readonly string[];
}

/**
 * Opens a shell.
 *
 * @param photos Folder that replaces `DIR` in the commands
 */
export async function openReadmeShell(
  photos: string,
  { others = [], programs = [] }: ReadmeShellOptions = {},
): Promise<ReadmeShell> {
  const folder = await temporaryFolder({ "bin/curl": CURL });
  await Deno.chmod(folder.path("bin/curl"), 0o755);
  // The commands find the Deno that runs the tests, as if it were installed.
  await Deno.symlink(Deno.execPath(), folder.path("bin/deno"));
  const gallery = folder.path("gallery.json");
  const port = choosePort();
  /** Names in the README, each with the value that replaces it. */
  const substitutes: readonly [name: RegExp, value: string][] = [
    [/\bDIR\b/g, photos],
    [/\bFOLDER\b/g, folder.path("backup")],
    [/\bKEYS\b/g, folder.path("kept-keys")],
    // The page asks for a photo of the reader. The sample people must not look like it.
    [/\bme\.jpg\b/g, join(ROOT, "test-data/different.png")],
    [/(?<![\w/-])data\//g, `${folder.path("data")}/`],
    [/\b(users\.ndjson|gallery\.dump)\b/g, folder.path("$1")],
    ...others,
    [/\bgallery\.json\b/g, gallery],
    [/\blocalhost:8080\b/g, `localhost:${port}`],
  ];
  const path = [...programs, Deno.env.get("PATH") ?? ""].join(delimiter);

  const spawn = (command: string, prefix: string, stdout: "piped" | "null") => {
    let line = command;
    for (const [name, value] of substitutes) line = line.replace(name, value);
    const known = /\b(DIR|FOLDER|KEYS)\b/g;
    const unknown = others.reduce((text, [name]) => text.replace(name, ""), command);
    const [placeholder] = PLACEHOLDER.exec(unknown.replace(known, "")) ?? [];
    assert(
      placeholder === undefined,
      `README: "${command}" has the placeholder ${placeholder}. ` +
        "Add its value to substitutes in tests/support/readme_shell.ts",
    );
    return new Deno.Command("sh", {
      args: ["-c", prefix + line],
      cwd: ROOT,
      env: {
        PATH: [join(folder.root, "bin"), path].join(delimiter),
        OWN_PATH: path,
        PORT: String(port),
        // Not the users of whoever runs the tests.
        DATA_DIR: folder.path("data"),
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
      // `exec` replaces the shell by the command, so that the signal reaches the command.
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
          assert(!ended, `README: "${command}" ended before it was ready`);
          return await isReady(url);
        },
        `${command} is ready`,
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

/** Returns port 8080, which the README uses, or another free port when 8080 is in use. */
function choosePort(): number {
  for (const port of [8080, 0]) {
    try {
      using listener = Deno.listen({ hostname: "0.0.0.0", port });
      return listener.addr.port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      console.log("Port 8080 is in use, so the README's commands use another port");
    }
  }
  throw new Error("No port is free");
}
