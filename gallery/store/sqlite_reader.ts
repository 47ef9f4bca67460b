/** Reads a SQLite database that a service may use at the same time. */

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Database, Rollback, type Row } from "./database.ts";
import { StoreUnavailable } from "./store.ts";

/** Milliseconds to wait for the service's own work on the file. */
const BUSY_TIMEOUT_MS = 2000;

/**
 * Opens the database in a folder for reading. Each transaction reads the state of one moment. Nothing
 * can be written.
 *
 * @throws {StoreUnavailable} when the file cannot be opened
 */
export function openSqliteReader(folder: string): Database {
  const use = <Result>(run: () => Result): Result => {
    try {
      return run();
    } catch (cause) {
      throw new StoreUnavailable("The database failed", { cause });
    }
  };
  const connection = use(() =>
    new DatabaseSync(join(folder, "gallery.db"), { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  );
  let last: Promise<unknown> = Promise.resolve();
  const transact: Database["transaction"] = async (run) => {
    use(() => connection.exec("BEGIN"));
    try {
      const result = await run({
        query: (statement, ...parameters) =>
          Promise.resolve(use(() =>
            connection.prepare(statement.replaceAll(/\$(\d)/g, "?$1"))
              .all(...parameters) as unknown as Row[]
          )),
        erases() {
          throw new TypeError("A reader erases nothing");
        },
      });
      return result instanceof Rollback ? result.result : result;
    } finally {
      use(() => connection.exec("ROLLBACK"));
    }
  };
  return {
    dialect: "sqlite",
    transaction(run) {
      const result = last.then(() => transact(run));
      last = result.catch(() => {});
      return result;
    },
    async [Symbol.asyncDispose]() {
      await last;
      connection.close();
    },
  };
}
