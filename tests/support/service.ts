/** Runs the real service, with all its processes, for tests that speak to it over HTTP. */

import { assert, assertEquals } from "@std/assert";
import { type Answer, type PostOptions, postTo, readAnswer } from "./answer.ts";
import { ROOT } from "./checkout.ts";
import { eventually } from "./eventually.ts";
import { type ListedProcess, listFamily, listProcesses } from "./list_processes.ts";
import { readLines, readText } from "./read_output.ts";

/** Variables that Deno itself needs. The service inherits no other variable. */
const INHERITED_ENV = ["DENO_CERT", "DENO_DIR", "HOME", "PATH", "TMPDIR", "XDG_CACHE_HOME"];
const START_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 20_000;

/**
 * Settings of a service whose gallery service holds the gallery. Without one of them, the workers of
 * an api hold the sample gallery: then no gallery service is started.
 */
const SERVICE_MODE = ["GALLERY_MODE", "GALLERY_URL", "DATA_DIR"];

/** Arguments of `deno` that start the api. */
const API = ["run", "-q", "--v8-flags=--min-semi-space-size=4", "-P=api-local", "api/main.ts"];

/**
 * A running service. Disposing of it ends the service, and fails when the service ends with an
 * error or when one of its processes does not end.
 */
export class Service implements AsyncDisposable {
  /** Id of the process that was started. */
  readonly pid: number;
  /** Lines that the service and its workers have written to standard error so far. */
  readonly lines: string[] = [];
  /** Standard output so far. */
  out = "";
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<Deno.CommandStatus>;
  readonly #outputs: Promise<void>;
  /** All processes of the service that {@linkcode processes} has ever listed. */
  readonly #seen = new Map<number, ListedProcess>();
  /** Folder with the data of the gallery service; removed at the end. */
  readonly #data = Deno.makeTempDirSync();
  #running = true;
  /** True when every process has closed standard output and standard error. */
  #silent = false;

  /**
   * Starts the service on a free port of this machine.
   *
   * @param env Settings of the service. They override the defaults for tests; undefined unsets one
   * @param args Arguments of `deno`
   * @param wrapper Start of the command line, before `deno`: a program that runs another program
   */
  constructor(
    env: Readonly<Record<string, string | undefined>> = {},
    args: readonly string[] = API,
    wrapper: readonly string[] = [],
  ) {
    const inherited = INHERITED_ENV.flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    const [program, ...programArgs] = [...wrapper, Deno.execPath(), ...args] as [string];
    this.#child = new Deno.Command(program, {
      args: programArgs,
      cwd: ROOT,
      clearEnv: true,
      env: withoutUndefined({
        ...Object.fromEntries(inherited),
        HOST: "127.0.0.1",
        PORT: "0",
        POOL: "process",
        POOL_SIZE: "2",
        LOG_FORMAT: "json",
        NO_COLOR: "1",
        DENO_NO_UPDATE_CHECK: "1",
        DATA_DIR: `${this.#data}/data`,
        ...args === API && !SERVICE_MODE.some((name) => name in env) &&
          { GALLERY_MODE: "workers" },
        ...env,
      }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.#ended = this.#child.status.finally(() => this.#running = false);
    this.#outputs = Promise.all([
      readText(this.#child.stdout, (text) => this.out += text),
      readLines(this.#child.stderr, this.lines),
    ]).then(() => {
      this.#silent = true;
    });
  }

  /** Starts a service and waits until it is ready. */
  static async ready(env: Readonly<Record<string, string>> = {}): Promise<Service> {
    const service = new Service(env);
    await service.untilReady();
    return service;
  }

  /** Entries of the log so far: the lines of standard error that are JSON. */
  get log(): Record<string, unknown>[] {
    return this.lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  /** Address at which the service listens. The api logs the port. A worker prints it. */
  get url(): URL {
    const port = this.#port();
    assert(port !== undefined, `The service does not listen yet:\n${this.lines.join("\n")}`);
    return new URL(`http://127.0.0.1:${port}`);
  }

  /** Waits until the service has printed the port at which it listens. */
  async untilListening(): Promise<void> {
    await eventually(
      () => {
        this.#assertRuns();
        return this.#port() !== undefined;
      },
      "the service listens",
      START_TIMEOUT_MS,
    );
  }

  /** Waits until /ready answers 200. */
  async untilReady(): Promise<void> {
    await this.untilListening();
    await eventually(
      async () => {
        this.#assertRuns();
        // A service that cannot start may end during this request.
        return (await this.get("/ready").catch(() => undefined))?.status === 200;
      },
      "the service is ready",
      START_TIMEOUT_MS,
    );
  }

  /** Waits until the pool has `size` free workers and no other worker process exists. */
  async untilFull(size = 2): Promise<void> {
    await eventually(
      async () => await this.metric("face_it_pool_free") === size,
      `the pool has ${size} free workers`,
    );
    await eventually(
      async () => (await this.workers()).length === size,
      `there are ${size} worker processes`,
    );
  }

  /** Sends a request. The default method is GET. */
  get(path: string, init: RequestInit = {}): Promise<Answer> {
    return readAnswer(fetch(new URL(path, this.url), init));
  }

  /** Posts to /authenticate. */
  post(body: Uint8Array | string | FormData, options: PostOptions = {}): Promise<Answer> {
    return postTo(this.url, body, options);
  }

  /** Returns the value of a metric without labels. */
  async metric(name: string): Promise<number> {
    const { text } = await this.get("/metrics");
    const [, value] = new RegExp(`^${name} (\\S+)$`, "m").exec(text) ?? [];
    assert(value !== undefined, `No metric ${name}`);
    return Number(value);
  }

  /** Lists the process that was started and all its descendants. */
  async processes(): Promise<ListedProcess[]> {
    const family = await listFamily(this.pid);
    for (const process of family) this.#seen.set(process.pid, process);
    return family;
  }

  /** Returns the process ids of the workers. */
  async workers(): Promise<number[]> {
    const family = await this.processes();
    return family.filter(({ command }) => command.includes("worker/main.ts"))
      .map(({ pid }) => pid);
  }

  /** Returns the process id of the gallery service; undefined when it does not run. */
  async gallery(): Promise<number | undefined> {
    const family = await this.processes();
    return family.find(({ command }) => command.includes("gallery/main.ts"))?.pid;
  }

  /** Sends a signal to the process that was started. Does nothing when that process has ended. */
  kill(signal: Deno.Signal): void {
    if (this.#running) this.#child.kill(signal);
  }

  /** Asks the service to end, and returns its exit code. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    await this.processes();
    this.kill(signal);
    return await this.exitCode();
  }

  /** Waits until the process that was started has ended, and returns its exit code. */
  async exitCode(): Promise<number> {
    await eventually(() => !this.#running, "the service ends", END_TIMEOUT_MS);
    return (await this.#ended).code;
  }

  /**
   * Waits until all listed processes of the service have ended, and standard error is closed. All
   * processes of the service share standard error, so an unlisted process is noticed, too.
   */
  async leavesNothing(): Promise<void> {
    await eventually(
      async () => !this.#running && this.#silent && (await this.#remaining()).length === 0,
      "no process is left",
      END_TIMEOUT_MS,
    );
    await this.#outputs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#running) assertEquals(await this.stop(), 0, this.lines.join("\n"));
      await this.leavesNothing();
    } catch (error) {
      this.kill("SIGKILL");
      for (const { pid } of await this.#remaining()) Deno.kill(pid, "SIGKILL");
      await Promise.all([this.#ended, this.#outputs]);
      throw error;
    } finally {
      await Deno.remove(this.#data, { recursive: true });
    }
  }

  #port(): unknown {
    const [, portOfWorker] = /^\{"listening":"http:[^"]*:(\d+)"\}\n/.exec(this.out) ?? [];
    return portOfWorker ?? this.log.find(({ msg }) => msg === "listening")?.["port"];
  }

  /** Lists the processes that were listed before and still run. */
  async #remaining(): Promise<ListedProcess[]> {
    const all = await listProcesses();
    return all.filter(({ pid, command }) => this.#seen.get(pid)?.command === command);
  }

  #assertRuns(): void {
    assert(this.#running, `The service ended:\n${this.lines.join("\n")}`);
  }
}

function withoutUndefined(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const entries = Object.entries(env);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
