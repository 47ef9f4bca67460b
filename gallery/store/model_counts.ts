/** Counts templates by model, and remembers the counts until the gallery changes. */

import { MODEL_MANIFEST, sumsOf } from "../../models/manifest.ts";
import { newestPosition } from "./change_log.ts";
import type { Database } from "./database.ts";
import type { ModelCount, Position } from "./store.ts";

/** Greatest number of collections whose counts are remembered. */
const MAX_REMEMBERED = 1000;

/** SQL for one text for all files with the same recognition model. */
const SAME_MODEL = `CASE ${
  Object.values(MODEL_MANIFEST.models.recognition).map(sumsOf).map((sums) =>
    `WHEN model IN (${sums.map((sum) => `'${sum}'`).join(", ")}) THEN '${sums[0]}'`
  ).join(" ")
} ELSE model END`;

/** Returns the counts of a collection. Files with the same model are counted together. */
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
        `SELECT min(model) AS model, count(DISTINCT user_id) AS users, count(*) AS templates
          FROM gallery_templates WHERE collection = $1 GROUP BY ${SAME_MODEL} ORDER BY 1`,
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
