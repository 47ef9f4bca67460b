/** Runs the real service as the processes that it is, for tests that speak to it over HTTP. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import {
  PROBLEM_CONTENT_TYPE,
  ProblemBodySchema,
  REQUEST_ID_HEADER,
} from "../../shared/contract/contract.ts";
import { type ProblemCode, PROBLEMS } from "../../shared/contract/problem.ts";
import { eventually } from "./eventually.ts";

/** The project's folder. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What Deno itself needs of the environment. */
const DENO_ENV = ["DENO_CERT", "DENO_DIR", "HOME", "PATH", "TMPDIR", "XDG_CACHE_HOME"];
const START_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 20_000;

/** The command line of the api, after "deno". */
const API = ["run", "-q", "-P=api-local", "api/main.ts"];

/** A process as the operating system lists it. */
export interface ListedProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All processes of this machine that run. */
export async function listProcesses(): Promise<ListedProcess[]> {
  const columns = ["pid", "ppid", "stat", "args"].flatMap((column) => ["-o", `${column}=`]);
  const { stdout } = await new Deno.Command("ps", { args: ["-A", "-ww", ...columns] }).output();
  const rows = new TextDecoder().decode(stdout).matchAll(/^ *(\d+) +(\d+) +(\S+) +(.*)$/gm);
  return [...rows]
    // A zombie has ended; only its parent has not asked yet.
    .filter(([, , , stat]) => !stat!.startsWith("Z"))
    .map(([, pid, parent, , command]) => ({
      pid: Number(pid),
      parent: Number(parent),
      command: command!,
    }));
}

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What may be sent beside a body. */
export interface PostOptions {
  /** undefined sends none. */
  readonly contentType?: string | undefined;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
}

/** A service that runs. Disposed, it is asked to end if it has not, and nothing may be left. */
export class Service implements AsyncDisposable {
  /** Of the process that was started. */
  readonly pid: number;
  /** The lines of its standard error so far, those of its workers among them. */
  readonly lines: string[] = [];
  /** Its standard output so far. */
  out = "";
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<Deno.CommandStatus>;
  readonly #outputs: Promise<void>;
  readonly #seen = new Map<number, ListedProcess>();
  #running = true;
  #silent = false;

  /**
   * Starts it.
   *
   * @param env Beside what makes it listen on any free port of this machine alone
   * @param args After "deno"
   */
  constructor(env: Readonly<Record<string, string>> = {}, args: readonly string[] = API) {
    const inherited = DENO_ENV.flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd: ROOT,
      clearEnv: true,
      env: {
        ...Object.fromEntries(inherited),
        HOST: "127.0.0.1",
        PORT: "0",
        POOL: "process",
        POOL_SIZE: "2",
        LOG_FORMAT: "json",
        NO_COLOR: "1",
        ...env,
      },
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

  /** What its standard error says in JSON. */
  get log(): Record<string, unknown>[] {
    return this.lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  /** Where it listens: the api's log says so, or a worker's first line. */
  get url(): URL {
    const port = this.#port();
    assert(port !== undefined, `It does not listen yet:\n${this.lines.join("\n")}`);
    return new URL(`http://127.0.0.1:${port}`);
  }

  /** Waits until it says where it listens. */
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

  /** Waits until /ready says yes. */
  async untilReady(): Promise<void> {
    await this.untilListening();
    await eventually(
      async () => {
        this.#assertRuns();
        // A service that cannot start may end while it is asked.
        return (await this.get("/ready").catch(() => undefined))?.status === 200;
      },
      "the service is ready",
      START_TIMEOUT_MS,
    );
  }

  /** Waits until as many free workers as it should have are there. */
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

  get(path: string, init: RequestInit = {}): Promise<Answer> {
    return readAnswer(fetch(new URL(path, this.url), init));
  }

  /** Posts to /authenticate. */
  post(body: Uint8Array | string | FormData, options: PostOptions = {}): Promise<Answer> {
    return postTo(this.url, body, options);
  }

  /** The value of a metric without labels. */
  async metric(name: string): Promise<number> {
    const { text } = await this.get("/metrics");
    const [, value] = new RegExp(`^${name} (\\S+)$`, "m").exec(text) ?? [];
    assert(value !== undefined, `No metric ${name}`);
    return Number(value);
  }

  /** The process and all that descend from it, as the operating system lists them. */
  async processes(): Promise<ListedProcess[]> {
    const all = await listProcesses();
    const family = all.filter(({ pid }) => pid === this.pid);
    for (const { pid } of family) family.push(...all.filter(({ parent }) => parent === pid));
    for (const process of family) this.#seen.set(process.pid, process);
    return family;
  }

  /** The process ids of its workers. */
  async workers(): Promise<number[]> {
    const family = await this.processes();
    return family.filter(({ command }) => command.includes("worker/main.ts"))
      .map(({ pid }) => pid);
  }

  /** Sends a signal to the process that was started. */
  kill(signal: Deno.Signal): void {
    if (this.#running) this.#child.kill(signal);
  }

  /** Asks it to end, and gives its exit code. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    await this.processes();
    this.kill(signal);
    return await this.exitCode();
  }

  /** Waits until the process that was started has ended, and gives its exit code. */
  async exitCode(): Promise<number> {
    await eventually(() => !this.#running, "the service ends", END_TIMEOUT_MS);
    return (await this.#ended).code;
  }

  /**
   * Waits until no process of it is left: none that was ever listed, and none that still holds the
   * standard error which all of them share.
   */
  async leavesNothing(): Promise<void> {
    await eventually(
      async () => !this.#running && this.#silent && (await this.#left()).length === 0,
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
      for (const { pid } of await this.#left()) Deno.kill(pid, "SIGKILL");
      await Promise.all([this.#ended, this.#outputs]);
      throw error;
    }
  }

  #port(): unknown {
    const [, ofWorker] = /^\{"listening":"http:[^"]*:(\d+)"\}\n/.exec(this.out) ?? [];
    return ofWorker ?? this.log.find(({ msg }) => msg === "listening")?.["port"];
  }

  /** Those of the processes seen so far that are still there. */
  async #left(): Promise<ListedProcess[]> {
    const all = await listProcesses();
    return all.filter(({ pid, command }) => this.#seen.get(pid)?.command === command);
  }

  #assertRuns(): void {
    assert(this.#running, `The service ended:\n${this.lines.join("\n")}`);
  }
}

/** Checks that an answer is the documented RFC 9457 body of `code`; returns its detail. */
export function assertProblem(answer: Answer, code: ProblemCode): string {
  const { status, headers, text } = answer;
  const where = `${status} ${text}`;
  assertEquals(status, PROBLEMS[code].status, where);
  assertEquals(headers.get("Content-Type"), PROBLEM_CONTENT_TYPE, where);
  const problem = ProblemBodySchema.strict().parse(JSON.parse(text));
  assertEquals(
    { type: problem.type, title: problem.title, status: problem.status, code: problem.code },
    { type: "about:blank", ...PROBLEMS[code], code },
  );
  assertEquals(problem.request_id, headers.get(REQUEST_ID_HEADER));
  assertMatch(problem.detail, /^[^\n]{10,200}$/);
  const internals =
    /\.ts\b|\.onnx|Error\b|worker-\d|127\.0\.0\.1|localhost|:\d{3,}|\/(home|root|tmp|usr)\//;
  assert(!internals.test(problem.detail), `This tells internals: ${problem.detail}`);
  return problem.detail;
}

/** Posts to the /authenticate of a service. */
export function postTo(
  service: URL,
  body: Uint8Array | string | FormData,
  options: PostOptions = {},
): Promise<Answer> {
  const url = new URL("/authenticate", service);
  url.search = new URLSearchParams(options.query).toString();
  const headers = new Headers(options.headers);
  if (options.contentType !== undefined) headers.set("Content-Type", options.contentType);
  return readAnswer(fetch(url, { method: "POST", body: body as BodyInit, headers }));
}

/** Reads a response whole. */
export async function readAnswer(pending: Promise<Response>): Promise<Answer> {
  const response = await pending;
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function readText(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  add: (text: string) => void,
): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) add(text);
}

async function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  lines: string[],
): Promise<void> {
  let rest = "";
  await readText(stream, (text) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    lines.push(...parts);
  });
  if (rest !== "") lines.push(rest);
}
