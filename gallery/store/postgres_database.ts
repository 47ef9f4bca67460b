/** A PostgreSQL database, which several replicas may share. */

import postgres from "postgres";
import { ConfigError } from "../../shared/env.ts";
import {
  type Database,
  Rollback,
  type Row,
  type SqlValue,
  type Transaction,
  type TransactionOptions,
} from "./database.ts";
import { createSlots, type Slots } from "./slots.ts";
import { StoreUnavailable } from "./store.ts";
import { surviveLostSocket } from "./survive_lost_socket.ts";

/** Settings of a PostgreSQL database. */
export interface PostgresOptions {
  /**
   * `postgres://user:password@host:port/database`. With several hosts, separated by commas, the
   * primary is used.
   */
  readonly url: string;
  /** Greatest number of connections. */
  readonly connections?: number;
  /** Milliseconds that one statement may take. A transaction may take twice as long. */
  readonly timeoutMs?: number;
}

/** A pool of connections. It is replaced when a connection no longer answers. */
interface Pool {
  readonly sql: postgres.Sql;
  /** One for each connection, so that no transaction waits inside the driver. */
  readonly slots: Slots;
}

/**
 * A change waits for the lock and then reads what is there: at another level it would read what was
 * there before. A standby refuses "read write", so no answer comes from data that may be old.
 */
const BEGIN = "isolation level read committed read write";
const LOCK = "SELECT n FROM gallery_change_number FOR UPDATE";

/** Errors that a restart of the database does not end: no access, no such database, no right. */
const CONFIGURATION_ERRORS = /^(28|3D|42501)/;

/**
 * Opens a database and checks that it can be used.
 *
 * @throws {ConfigError} when the URL is bad, access is refused, or the encoding is not UTF-8
 * @throws {StoreUnavailable} when the database is away
 */
export async function openPostgresDatabase(options: PostgresOptions): Promise<Database> {
  // A list of hosts is not part of a URL.
  if (!URL.canParse(options.url.replace(/,[^/?]*/, ""))) {
    throw badUrl();
  }
  let database;
  try {
    database = new PostgresDatabase({ connections: 8, timeoutMs: 5000, ...options });
  } catch {
    throw badUrl();
  }
  try {
    const [row] = await database.transaction((transaction) =>
      transaction.query("SELECT current_setting('server_encoding') AS encoding")
    );
    if (row!["encoding"] !== "UTF8") {
      throw new ConfigError(
        `The gallery's database has the encoding ${row!["encoding"]} instead of UTF8`,
      );
    }
    return database;
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw explainRefusal(error);
  }
}

/** Returns a ConfigError for an error that only the operator can end, and other errors unchanged. */
export function explainRefusal(error: unknown): unknown {
  const cause = error instanceof StoreUnavailable ? error.cause : undefined;
  return cause instanceof postgres.PostgresError && CONFIGURATION_ERRORS.test(cause.code)
    ? new ConfigError(`The gallery's database refuses access (${cause.message})`, { cause })
    : error;
}

/** Quotes nothing of the URL: it may have a password. */
const badUrl = () =>
  new ConfigError(
    "The URL of the gallery's database is not a URL. In its password, write %25 for %, %2F for /, " +
      "%3F for ?, %23 for # and %40 for @",
  );

class PostgresDatabase implements Database {
  readonly dialect = "postgres";
  readonly #options: Required<PostgresOptions>;
  #pool: Pool;

  constructor(options: Required<PostgresOptions>) {
    surviveLostSocket();
    this.#options = options;
    this.#pool = this.#connect();
  }

  async transaction<Result>(
    run: (transaction: Transaction) => Promise<Result | Rollback<Result>>,
    { exclusive = false }: TransactionOptions = {},
  ): Promise<Result> {
    const pool = this.#pool;
    const { timeoutMs } = this.#options;
    const start = performance.now();
    if (!await pool.slots.take(timeoutMs)) {
      throw new StoreUnavailable(`No connection was free within ${timeoutMs} ms`);
    }
    const work = this.#transact(pool.sql, run, exclusive).finally(() => pool.slots.release());
    const deadline = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      deadline.reject(new StoreUnavailable(`No answer within ${2 * timeoutMs} ms`));
      this.#replace(pool);
    }, Math.max(0, start + 2 * timeoutMs - performance.now()));
    try {
      return await Promise.race([work, deadline.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.sql.end({ timeout: this.#options.timeoutMs / 1000 });
  }

  async #transact<Result>(
    sql: postgres.Sql,
    run: (transaction: Transaction) => Promise<Result | Rollback<Result>>,
    exclusive: boolean,
  ): Promise<Result> {
    let rollback: Rollback<Result> | undefined;
    let failure: { readonly error: unknown } | undefined;
    try {
      return await sql.begin(BEGIN, async (transaction) => {
        try {
          const ready = translate(
            transaction.unsafe(exclusive ? `${this.#settings()};${LOCK}` : this.#settings()),
          );
          // Without a lock, `run` sends its first statement at once: that saves a round trip.
          if (exclusive) await ready;
          const running = run({
            query: (statement, ...parameters) => query(transaction, statement, parameters),
            // PostgreSQL keeps deleted rows until VACUUM.
            erases: () => {},
          });
          const [result] = await Promise.all([running, ready]);
          if (!(result instanceof Rollback)) return result;
          rollback = result;
        } catch (error) {
          failure = { error };
        }
        throw new Error("Rollback");
      }) as Result;
    } catch (cause) {
      if (failure) throw failure.error;
      if (rollback) return rollback.result;
      throw unavailable(cause);
    }
  }

  /**
   * Settings of one transaction. PgBouncer does not accept them at the start of a connection. A
   * commit is on the disk before it is acknowledged, also where the default is another.
   */
  #settings(): string {
    const { timeoutMs } = this.#options;
    return `SET LOCAL statement_timeout = ${timeoutMs};
      SET LOCAL idle_in_transaction_session_timeout = ${2 * timeoutMs};
      SELECT set_config('synchronous_commit', 'on', true)
        WHERE current_setting('synchronous_commit') = 'off'`;
  }

  #connect(): Pool {
    const { url, connections, timeoutMs } = this.#options;
    const sql = postgres(url, {
      max: connections,
      connect_timeout: timeoutMs / 1000,
      // A transaction that finds no connection fails at its deadline, so retries need not be rare.
      backoff: () => 0.1,
      // PgBouncer may give each transaction another connection.
      prepare: false,
      fetch_types: false,
      target_session_attrs: "primary",
      onnotice: () => {},
      connection: { application_name: "face-it gallery" },
      types: {
        bigint: { to: 20, from: [20], parse: Number, serialize: String },
      },
    });
    return { sql, slots: createSlots(connections) };
  }

  /** Ends all connections of a pool: one of them no longer answers, and may never do. */
  #replace(pool: Pool): void {
    if (this.#pool === pool) this.#pool = this.#connect();
    pool.sql.end({ timeout: 0 }).catch(() => {});
  }
}

async function query(
  transaction: postgres.TransactionSql,
  statement: string,
  parameters: readonly SqlValue[],
): Promise<readonly Row[]> {
  const rows = await translate(transaction.unsafe(statement, [...parameters]));
  return rows as unknown as readonly Row[];
}

async function translate<Result>(answer: PromiseLike<Result>): Promise<Result> {
  try {
    return await answer;
  } catch (cause) {
    throw unavailable(cause);
  }
}

const unavailable = (cause: unknown) => new StoreUnavailable("The database failed", { cause });
