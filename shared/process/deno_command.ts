/** The command line and the environment of a process of the service on this machine. */

import { fileURLToPath } from "node:url";

/** A program of the service, and what it may do. */
export interface DenoProgram {
  /** Path of the program in the project, such as `worker/main.ts`. */
  readonly program: string;
  /** Permission set of deno.json. The lists of files limit it further. */
  readonly permissionSet: string;
  /** Files and folders that the process may read. */
  readonly readable: readonly string[];
  /** Files and folders that the process may write. Without the list, the set decides. */
  readonly writable?: readonly string[];
  /** Hosts that the process may connect to or listen on. Without the list, the set decides. */
  readonly hosts?: readonly string[];
  /** Path of a module in the project that runs before the program. */
  readonly preload?: string;
  /** Environment of the process, without the variables that every process gets. */
  readonly env: Readonly<Record<string, string>>;
}

/** Arguments of `deno`, and the complete environment. */
export interface DenoCommand {
  readonly args: string[];
  readonly env: Record<string, string>;
}

/** Variables of this process that Deno itself needs in another process. */
export const DENO_ENV: readonly string[] = [
  "DENO_DIR",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  // In an image, which has only the packages that its programs import.
  "DENO_UNSTABLE_NPM_LAZY_CACHING",
  "HOME",
  "LOCALAPPDATA",
  "NO_COLOR",
  "NPM_CONFIG_REGISTRY",
  "PATH",
  "SYSTEMROOT",
  "TMPDIR",
  "XDG_CACHE_HOME",
];

const inProject = (path: string): string =>
  fileURLToPath(new URL(`../../${path}`, import.meta.url));

/**
 * Returns the command that runs a program with a permission set, limited to the files that it needs.
 * The process listens on a free port of the loopback address, and ends when its standard input ends.
 */
export function denoCommand(program: DenoProgram): DenoCommand {
  const { readable, writable, hosts, preload, env } = program;
  return {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--frozen",
      "--cached-only",
      `--permission-set=${program.permissionSet}`,
      `--allow-read=${pathList(readable)}`,
      ...writable === undefined ? [] : [`--allow-write=${pathList(writable)}`],
      ...hosts === undefined ? [] : [`--allow-net=${hosts.join(",")}`],
      ...preload === undefined ? [] : ["--preload", inProject(preload)],
      "--config",
      inProject("deno.json"),
      inProject(program.program),
    ],
    env: {
      ...inherited(DENO_ENV),
      // Deno would ask the network for a newer version of itself.
      DENO_NO_UPDATE_CHECK: "1",
      ...env,
      HOST: "127.0.0.1",
      PORT: "0",
      EXIT_ON_STDIN_EOF: "true",
    },
  };
}

/** Deno splits this list at commas. A comma inside a path must be written twice. */
const pathList = (paths: readonly string[]): string =>
  paths.map((path) => path.replaceAll(",", ",,")).join(",");

function inherited(names: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of names) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}
