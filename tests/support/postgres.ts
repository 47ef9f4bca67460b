/** Starts a PostgreSQL server of its own for a test, on a free port of the loopback address. */

import postgres from "postgres";
import { readText } from "./read_output.ts";
import { temporaryFolder } from "./temporary_folder.ts";

/** A running PostgreSQL server. Disposing of it stops the server and removes its files. */
export interface PostgresServer extends AsyncDisposable {
  /** Makes an empty database and returns its URL. */
  newDatabase(): Promise<string>;
  /** Runs one statement in a database, with a connection of its own. */
  query(url: string, statement: string): Promise<readonly Record<string, unknown>[]>;
  /** Returns everything in a database, as pg_dump writes it. */
  dump(url: string): Promise<string>;
  /** Replaces everything in a database by a dump, in one transaction. */
  restore(url: string, dump: string): Promise<void>;
  /** Kills all processes of the server with SIGKILL. The files stay. */
  kill(): Promise<void>;
  /** Starts the server again after {@linkcode kill}, on the same port. */
  restart(): Promise<void>;
  /** Starts a standby, which copies the server's changes. Stop it before the server is disposed. */
  startStandby(): Promise<Standby>;
  /** Stops or continues all processes of the server, which then do not answer. */
  signal(signal: "SIGSTOP" | "SIGCONT"): Promise<void>;
}

/** A server that copies another one. Disposing of it stops the standby and removes its files. */
export interface Standby extends AsyncDisposable {
  readonly port: number;
  /** Makes it a primary. */
  promote(): Promise<void>;
}

interface Postmaster {
  readonly process: Deno.ChildProcess;
  readonly output: Promise<unknown>;
}

const READY = /database system is ready to accept (read-only )?connections/;

/** Starts a server. Needs `postgres` of needs.ts. Waits for the disk as in production. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = await temporaryFolder();
  const data = folder.path("data");
  const account = await findAccount();
  if (account) await Deno.chown(folder.root, account.uid, account.gid);
  const [initdb, ...initdbArgs] = as(account, [
    program("initdb"),
    ...["-D", data, "-U", "face_it", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"],
  ]);
  const made = await new Deno.Command(initdb!, { args: initdbArgs, cwd: "/" }).output();
  if (!made.success) throw new Error(new TextDecoder().decode(made.stderr));

  let port = freePort();
  let postmaster: Postmaster | undefined;
  for (let tries = 3; postmaster === undefined; tries--) {
    try {
      postmaster = await start(account, data, port);
    } catch (error) {
      // Another program may have taken the port.
      if (tries === 0) throw error;
      port = freePort();
    }
  }
  const urlOf = (name: string) => `postgres://face_it@127.0.0.1:${port}/${name}`;
  let databases = 0;

  const server: PostgresServer = {
    async newDatabase() {
      const name = `gallery_${databases++}`;
      await server.query(urlOf("postgres"), `CREATE DATABASE ${name}`);
      return urlOf(name);
    },
    async query(url, statement) {
      const sql = postgres(url, { max: 1, prepare: false, fetch_types: false });
      try {
        return [...await sql.unsafe(statement)];
      } finally {
        await sql.end();
      }
    },
    async dump(url) {
      const { success, stdout, stderr } = await new Deno.Command(program("pg_dump"), {
        args: ["--dbname", url],
      }).output();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout);
    },
    async restore(url, dump) {
      await using copy = await temporaryFolder({ "dump.sql": dump });
      const { success, stderr } = await new Deno.Command(program("psql"), {
        args: [
          ...["--dbname", url, "--quiet", "--single-transaction", "-v", "ON_ERROR_STOP=1"],
          ...["-c", "DROP SCHEMA public CASCADE; CREATE SCHEMA public"],
          ...["-f", copy.path("dump.sql")],
        ],
      }).output();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
    },
    async kill() {
      const { process, output } = postmaster!;
      // The postmaster first, so that it does not recover from the death of the others.
      const pids = [process.pid, ...await children(process.pid)];
      for (const pid of pids) sendSignal(pid, "SIGKILL");
      await process.status;
      await output;
    },
    async restart() {
      postmaster = await start(account, data, port);
    },
    async startStandby() {
      const copy = await temporaryFolder();
      const copied = copy.path("data");
      if (account) await Deno.chown(copy.root, account.uid, account.gid);
      const [command, ...args] = as(account, [
        program("pg_basebackup"),
        ...["-h", "127.0.0.1", "-p", String(port), "-U", "face_it", "-D", copied],
        ...["-R", "-X", "stream", "-c", "fast"],
      ]);
      const made = await new Deno.Command(command!, { args, cwd: "/" }).output();
      if (!made.success) throw new Error(new TextDecoder().decode(made.stderr));
      const standbyPort = freePort();
      const { process, output } = await start(account, copied, standbyPort);
      return {
        port: standbyPort,
        async promote() {
          const url = `postgres://face_it@127.0.0.1:${standbyPort}/postgres`;
          await server.query(url, "SELECT pg_promote()");
        },
        async [Symbol.asyncDispose]() {
          sendSignal(process.pid, "SIGQUIT");
          await process.status;
          await output;
          await copy[Symbol.asyncDispose]();
        },
      };
    },
    async signal(signal) {
      const { pid } = postmaster!.process;
      for (const each of [pid, ...await children(pid)]) sendSignal(each, signal);
    },
    async [Symbol.asyncDispose]() {
      const { process, output } = postmaster!;
      await server.signal("SIGCONT");
      // An immediate shutdown: the files are removed anyway.
      sendSignal(process.pid, "SIGQUIT");
      await process.status;
      await output;
      await folder[Symbol.asyncDispose]();
    },
  };
  return server;
}

const program = (name: string): string => `${Deno.env.get("FACE_IT_POSTGRES_BIN")}/${name}`;

/** Resolves when the server accepts connections. */
async function start(
  account: Account | undefined,
  data: string,
  port: number,
): Promise<Postmaster> {
  const [command, ...args] = as(account, [
    program("postgres"),
    ...["-D", data, "-c", "listen_addresses=127.0.0.1", "-c", `port=${port}`],
    ...["-c", "unix_socket_directories=", "-c", "fsync=on", "-c", "max_connections=50"],
  ]);
  const process = new Deno.Command(command!, {
    args,
    cwd: "/",
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const ready = Promise.withResolvers<void>();
  let log = "";
  const output = readText(process.stderr, (text) => {
    log += text;
    if (READY.test(log)) ready.resolve();
  }).then(() => ready.reject(new Error(`The server has ended: ${log}`)));
  try {
    await ready.promise;
  } catch (error) {
    await process.status;
    throw error;
  }
  return { process, output };
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: root runs it as `nobody`. */
async function findAccount(): Promise<Account | undefined> {
  if (Deno.uid() !== 0) return undefined;
  const id = async (option: string) => {
    const { stdout } = await new Deno.Command("id", { args: [option, "nobody"] }).output();
    return Number(new TextDecoder().decode(stdout));
  };
  return { uid: await id("-u"), gid: await id("-g") };
}

/** Returns a command line that runs `command` as an account, in one process. */
function as(account: Account | undefined, command: readonly string[]): string[] {
  if (account === undefined) return [...command];
  return [
    "setpriv",
    ...[`--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups", "--"],
    ...command,
  ];
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function children(pid: number): Promise<number[]> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-o", "pid=", "--ppid", String(pid)],
  }).output();
  return new TextDecoder().decode(stdout).split("\n").map(Number).filter((child) => child > 0);
}

/** Sends a signal to a process, unless the process has ended. */
function sendSignal(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
