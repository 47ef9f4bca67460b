/** The part of a database that the store needs: transactions of SQL statements. */

/** A value of a column or parameter. */
export type SqlValue = string | number | Uint8Array | null;

/** A row of a result, by the names of its columns. */
export type Row = Readonly<Record<string, SqlValue>>;

/** A transaction that is open. */
export interface Transaction {
  /**
   * Runs one statement and returns its rows. Parameters are `$1`, `$2` and so on. Statements of one
   * transaction run in the order of the calls, so several calls can be awaited together.
   */
  query(statement: string, ...parameters: readonly SqlValue[]): Promise<readonly Row[]>;
  /**
   * Says that this transaction removes content that must also leave the database's files before the
   * transaction is acknowledged, where the database can do that.
   */
  erases(): void;
}

/**
 * Returns the parameters of an INSERT of several rows, such as `($1, $2), ($3, $4)`. A database may be
 * far away, so one statement for many rows is faster than many statements.
 *
 * @param from Number of the first parameter
 */
export function listRows(rows: number, columns: number, from = 1): string {
  const row = (first: number) =>
    `(${Array.from({ length: columns }, (_, i) => `$${first + i}`).join(", ")})`;
  return Array.from({ length: rows }, (_, i) => row(from + i * columns)).join(", ");
}

/** Options of a transaction. */
export interface TransactionOptions {
  /**
   * True for a change of users or templates. Only one such transaction runs at a time, in the whole
   * database.
   */
  readonly exclusive?: boolean;
  /**
   * True for a transaction that deletes something, or belongs to a deletion or a start: it may use the
   * room that is kept for the time when the disk is full.
   */
  readonly frees?: boolean;
}

/** A database with the store's tables. Disposing of it closes the database. */
export interface Database extends AsyncDisposable {
  /** The dialect of SQL, for the migrations. */
  readonly dialect: "sqlite" | "postgres";
  /**
   * Runs a transaction. Commits it when `run` resolves to a value, and rolls it back when `run`
   * rejects or resolves to a {@linkcode Rollback}.
   *
   * @throws {StoreUnavailable} when the database fails
   */
  transaction<Result>(
    run: (transaction: Transaction) => Promise<Result | Rollback<Result>>,
    options?: TransactionOptions,
  ): Promise<Result>;
}

/** Result of a transaction that must not be committed. */
export class Rollback<Result> {
  /** @param result Result that the caller of the transaction gets */
  constructor(readonly result: Result) {}
}
