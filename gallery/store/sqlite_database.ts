/** A SQLite database in a folder, for one process. */

import { DatabaseSync, type StatementSync } from "node:sqlite";
import { ConfigError } from "../../shared/env.ts";
import { describeError } from "../../shared/log.ts";
import {
  type Database,
  Rollback,
  type Row,
  type SqlValue,
  type Transaction,
  type TransactionOptions,
} from "./database.ts";
import { type DiskReserve, findReserve, RESERVE_BYTES } from "./disk_reserve.ts";
import { type LockedFolder, lockFolder } from "./sqlite_folder.ts";
import { StoreUnavailable } from "./store.ts";

/** Settings of a SQLite database. */
export interface SqliteOptions {
  /** Folder of the database. It must not be on a network file system. */
  readonly folder: string;
  /** Milliseconds to wait for another process, such as a backup, that has the database open. */
  readonly busyTimeoutMs?: number;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/** Number of prepared statements that are kept. An INSERT of another number of rows is another one. */
const MAX_STATEMENTS = 200;

/** Size of the database's pages. The table of templates is made for it: see migrations.ts. */
const PAGE_BYTES = 1024;

/** The greatest number of pages that this statement accepts: 2 TiB. */
const MAX_PAGES = 2_147_483_647;
/** Time between two tries to find room on a full disk: each fills the disk for a moment. */
const BETWEEN_TRIES_MS = 60_000;
/** SQLITE_IOERR and SQLITE_FULL. */
const DISK_ERRORS: ReadonlySet<number> = new Set([10, 13]);

/**
 * Settings of the connection. FULL: a commit is on the disk before it is acknowledged. secure_delete:
 * deleted content is overwritten in the file. temp_store: no temporary file has content of rows.
 */
const PRAGMAS = `
  PRAGMA page_size = ${PAGE_BYTES};
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA foreign_keys = ON;
  PRAGMA temp_store = MEMORY;
`;

/**
 * Opens or makes the database in a folder.
 *
 * @throws {ConfigError} when the folder is in use or cannot be used, or its file is not a database
 */
export function openSqliteDatabase(
  { folder, busyTimeoutMs = 2000, now = () => performance.now() }: SqliteOptions,
): Database {
  const locked = lockFolder(folder);
  const reserve = findReserve(locked.reservePath, RESERVE_BYTES);
  const open = () => new SqliteDatabase(locked, busyTimeoutMs, reserve, now);
  try {
    try {
      return open();
    } catch (error) {
      if (!reserve.isKept) throw error;
      // On a full disk, SQLite cannot make the files that it needs.
      reserve.release();
      return open();
    }
  } catch (cause) {
    locked[Symbol.dispose]();
    throw new ConfigError(
      `The gallery's database ${locked.databasePath} cannot be opened (${describeError(cause)})`,
      { cause },
    );
  }
}

class SqliteDatabase implements Database {
  readonly dialect = "sqlite";
  readonly #folder: LockedFolder;
  readonly #busyTimeoutMs: number;
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Settles when the last transaction has ended. There is one connection, so they take turns. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;
  readonly #reserve: DiskReserve;
  readonly #now: () => number;
  /** True while there is no room for the reserve. The file of the database does not grow then. */
  #isDiskFull = false;
  /** Time of the last try to end that. */
  #triedAt = -Infinity;
  /** True when the WAL may have content that was deleted, also by a process that was killed. */
  #mustErase = true;

  constructor(
    folder: LockedFolder,
    busyTimeoutMs: number,
    reserve: DiskReserve,
    now: () => number,
  ) {
    this.#folder = folder;
    this.#reserve = reserve;
    this.#now = now;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#connection = new DatabaseSync(folder.databasePath, { timeout: busyTimeoutMs });
    try {
      this.#connection.exec(PRAGMAS);
      const { page_size: size } = this.#connection.prepare("PRAGMA page_size").get() as {
        page_size: number;
      };
      if (size !== PAGE_BYTES) {
        throw new RangeError(`Its pages have ${size} bytes instead of ${PAGE_BYTES}`);
      }
      this.#eraseFromLog();
      this.#isDiskFull = !reserve.isKept;
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  transaction<Result>(
    run: (transaction: Transaction) => Promise<Result | Rollback<Result>>,
    { frees = false }: TransactionOptions = {},
  ): Promise<Result> {
    const result = this.#last.then(async () => {
      this.#limitSize(frees);
      try {
        return await this.#transact(run);
      } catch (error) {
        if (isAboutDisk(error)) this.#useReserve();
        throw error;
      }
    });
    this.#last = result.catch(() => {});
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last;
    this.#connection.close();
    this.#folder[Symbol.dispose]();
  }

  async #transact<Result>(
    run: (transaction: Transaction) => Promise<Result | Rollback<Result>>,
  ): Promise<Result> {
    if (this.#closed) throw new StoreUnavailable("The database is closed");
    let erases = false;
    this.#execute("BEGIN");
    let result: Result | Rollback<Result>;
    try {
      result = await run({
        query: (statement, ...parameters) => this.#query(statement, parameters),
        erases: () => erases = true,
      });
      if (!(result instanceof Rollback)) this.#execute("COMMIT");
    } catch (error) {
      this.#rollBack();
      throw error;
    }
    if (result instanceof Rollback) this.#rollBack();
    else this.#mustErase ||= erases;
    if (this.#mustErase) translateErrors(() => this.#eraseFromLog());
    return result instanceof Rollback ? result.result : result;
  }

  async #query(text: string, parameters: readonly SqlValue[]): Promise<readonly Row[]> {
    return await translateErrors(() => this.#prepare(text).all(...parameters) as Row[]);
  }

  /** Returns the prepared statement of a text. It is kept for the next time. */
  #prepare(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      if (this.#statements.size === MAX_STATEMENTS) this.#statements.clear();
      statement = this.#connection.prepare(text.replaceAll(/\$(\d)/g, "?$1"));
      this.#statements.set(text, statement);
    }
    return statement;
  }

  /** While the disk is full, only transactions that free room may make the file larger. */
  #limitSize(frees: boolean): void {
    if (!this.#isDiskFull) return;
    const now = this.#now();
    if (now - this.#triedAt >= BETWEEN_TRIES_MS) {
      this.#triedAt = now;
      this.#isDiskFull = !this.#reserve.keep();
    }
    // SQLite takes the present size for 1.
    const pages = this.#isDiskFull && !frees ? 1 : MAX_PAGES;
    this.#execute(`PRAGMA max_page_count = ${pages}`);
  }

  /** Removes the reserve when the disk is full. */
  #useReserve(): void {
    if (this.#isDiskFull || this.#reserve.keep()) return;
    this.#isDiskFull = true;
    this.#triedAt = this.#now();
    try {
      // The log could not be moved into the database before, and takes up room.
      this.#eraseFromLog();
    } catch {
      // The error that led here is the one to report.
    }
  }

  /**
   * Moves the content of the write-ahead log into the database and empties the log. A backup that
   * reads at this moment prevents that: then the next transaction tries again. This does not wait for
   * the backup, because every other call would have to wait, too.
   */
  #eraseFromLog(): void {
    this.#connection.exec("PRAGMA busy_timeout = 0");
    try {
      const statement = this.#connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
      const row = statement.get() as { busy: number };
      this.#mustErase = row.busy !== 0;
    } finally {
      this.#connection.exec(`PRAGMA busy_timeout = ${this.#busyTimeoutMs}`);
    }
  }

  #execute(statement: string): void {
    // The errors of exec() have no code.
    translateErrors(() => this.#prepare(statement).all());
  }

  /** SQLite itself rolls back after some errors; there is then no transaction. */
  #rollBack(): void {
    try {
      this.#connection.exec("ROLLBACK");
    } catch {
      // The error that led here is the one to report.
    }
  }
}

/** True for an error that a full disk can have. */
function isAboutDisk(error: unknown): boolean {
  if (!(error instanceof StoreUnavailable)) return false;
  const { errcode } = (error.cause ?? {}) as { readonly errcode?: number };
  return errcode !== undefined && DISK_ERRORS.has(errcode & 0xff);
}

function translateErrors<Result>(use: () => Result): Result {
  try {
    return use();
  } catch (cause) {
    throw new StoreUnavailable("The database failed", { cause });
  }
}
