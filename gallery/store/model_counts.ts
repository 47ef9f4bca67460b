/** Counts templates by model, and remembers the counts until the gallery changes. */

import { newestPosition } from "./change_log.ts";
import type { Database } from "./database.ts";
import type { ModelCount, Position } from "./store.ts";

/** Greatest number of collections whose counts are remembered. */
const MAX_REMEMBERED = 1000;

/** Returns the counts of a collection. */
export type CountByModel = (collection: string) => Promise<readonly ModelCount[]>;

/**
 * Makes a function that counts.
 *
 * A count reads every template of a collection: 0.1 s for 30,000 templates in SQLite, where nothing
 * else runs at the same time. Every caller with a key may ask for it, as often as it likes.
 */
export function createModelCounts(database: Database): CountByModel {
  const remembered = new Map<string, { position: Position; counts: readonly ModelCount[] }>();
  return (collection) =>
    database.transaction(async (transaction) => {
      const position = await newestPosition(transaction);
      const known = remembered.get(collection);
      if (known?.position.n === position.n && known.position.id === position.id) {
        return known.counts;
      }
      const rows = await transaction.query(
        `SELECT model, count(DISTINCT user_id) AS users, count(*) AS templates
          FROM gallery_templates WHERE collection = $1 GROUP BY model ORDER BY model`,
        collection,
      );
      const counts = rows.map((row) => ({
        model: row["model"] as string,
        users: row["users"] as number,
        templates: row["templates"] as number,
      }));
      if (remembered.size === MAX_REMEMBERED) remembered.clear();
      // The counts may be newer than the position. Then the position is not the newest any more.
      remembered.set(collection, { position, counts });
      return counts;
    });
}
