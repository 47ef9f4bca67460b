/** The tables of the store, made and changed by numbered steps that only go forward. */

import { ConfigError } from "../../shared/env.ts";
import { type Database, Rollback, type Transaction } from "./database.ts";

type Dialect = Database["dialect"];

/** A step: statements that bring the tables from the version before to its own version. */
type Migration = (dialect: Dialect) => readonly string[];

/**
 * The steps. The first one brings an empty database to version 1. A step that was released never
 * changes. A step keeps the tables usable for the release before it, because replicas are replaced one
 * by one.
 */
const MIGRATIONS: readonly Migration[] = [
  (dialect) => {
    const { text, integer, bytes, sequence, beforeSecret } = TYPES[dialect];
    return [
      `CREATE TABLE gallery_users (
        collection ${text} NOT NULL,
        user_id ${text} NOT NULL,
        name ${text} NOT NULL,
        consent_ref ${text},
        created_at ${integer} NOT NULL,
        updated_at ${integer} NOT NULL,
        expires_at ${integer},
        last_seen_at ${integer},
        PRIMARY KEY (collection, user_id)
      )`,
      `CREATE INDEX gallery_users_expiry ON gallery_users (expires_at)
        WHERE expires_at IS NOT NULL`,
      `CREATE TABLE gallery_templates (
        seq ${sequence},
        template_id ${text} NOT NULL UNIQUE,
        collection ${text} NOT NULL,
        user_id ${text} NOT NULL,
        model ${text} NOT NULL,
        photo ${bytes} NOT NULL,
        created_at ${integer} NOT NULL,
        key_id ${text} NOT NULL,
        nonce ${bytes} NOT NULL,
        ${beforeSecret}
        ciphertext ${bytes} NOT NULL,
        UNIQUE (collection, user_id, model, photo),
        FOREIGN KEY (collection, user_id) REFERENCES gallery_users ON DELETE CASCADE
      )`,
      `CREATE INDEX gallery_templates_key ON gallery_templates (key_id)`,
      `CREATE TABLE gallery_keys (
        key_id ${text} PRIMARY KEY,
        nonce ${bytes} NOT NULL,
        ciphertext ${bytes} NOT NULL
      )`,
      `CREATE TABLE gallery_changes (
        n ${integer} PRIMARY KEY,
        change_id ${text} NOT NULL,
        collection ${text},
        user_id ${text}
      )`,
      // One row. Its update in the transaction of each change puts the changes in order.
      `CREATE TABLE gallery_change_number (
        id ${integer} PRIMARY KEY CHECK (id = 1),
        n ${integer} NOT NULL,
        change_id ${text} NOT NULL
      )`,
      `INSERT INTO gallery_change_number VALUES (1, 0, ${RANDOM_ID[dialect]})`,
      `INSERT INTO gallery_changes (n, change_id) SELECT n, change_id FROM gallery_change_number`,
    ];
  },
  (dialect) => {
    const { text, integer } = TYPES[dialect];
    return [
      `CREATE TABLE gallery_decisions (
        jti ${text} PRIMARY KEY,
        expires_at ${integer} NOT NULL
      )`,
      `CREATE INDEX gallery_decisions_expiry ON gallery_decisions (expires_at)`,
    ];
  },
  // 0: of unknown age. The next purge deletes such changes.
  (dialect) => [
    `ALTER TABLE gallery_changes ADD COLUMN created_at ${TYPES[dialect].integer}
      NOT NULL DEFAULT 0`,
  ],
  (dialect) => {
    const { text, integer } = TYPES[dialect];
    return [
      `CREATE TABLE gallery_imports (
        sha256 ${text} NOT NULL,
        collection ${text} NOT NULL,
        users ${integer} NOT NULL,
        imported_at ${integer} NOT NULL,
        PRIMARY KEY (sha256, collection)
      )`,
    ];
  },
  (dialect) => {
    const { integer, bytes, keyOnly } = TYPES[dialect];
    return [
      `CREATE TABLE gallery_tries (
        subject ${bytes} NOT NULL PRIMARY KEY,
        owner ${bytes},
        failures ${integer} NOT NULL,
        failed_at ${integer} NOT NULL
      ) ${keyOnly}`,
      `CREATE INDEX gallery_tries_owner ON gallery_tries (owner) WHERE owner IS NOT NULL`,
    ];
  },
  // The audit: gallery/audit.
  (dialect) => {
    const { text, integer, bytes, keyOnly } = TYPES[dialect];
    return [
      ...ADD_AUDIT_REF[dialect],
      `CREATE UNIQUE INDEX gallery_users_audit ON gallery_users (audit_ref)`,
      `CREATE TABLE gallery_audit (
        chain ${text} NOT NULL,
        seq ${integer} NOT NULL,
        created_at ${integer} NOT NULL,
        collection ${text} NOT NULL,
        kind ${text} NOT NULL,
        outcome ${text} NOT NULL,
        key_id ${text},
        request_id ${text},
        user_ref ${text},
        code ${bytes} NOT NULL,
        PRIMARY KEY (chain, seq)
      ) ${keyOnly}`,
      `CREATE INDEX gallery_audit_time ON gallery_audit (collection, created_at, chain, seq)`,
      `CREATE INDEX gallery_audit_user ON gallery_audit (user_ref, created_at, chain, seq)
        WHERE user_ref IS NOT NULL`,
      `CREATE TABLE gallery_audit_purges (
        chain ${text} PRIMARY KEY,
        seq ${integer} NOT NULL,
        purged_at ${integer} NOT NULL,
        row_code ${bytes} NOT NULL,
        code ${bytes} NOT NULL
      )`,
    ];
  },
];

const TYPES = {
  sqlite: {
    text: "TEXT",
    integer: "INTEGER",
    bytes: "BLOB",
    sequence: "INTEGER PRIMARY KEY",
    // One tree for rows and key instead of two.
    keyOnly: "WITHOUT ROWID",
    // SQLite moves rows between pages and leaves copies in the unused part of a page: secure_delete
    // does not overwrite them. Only the start of a long row is moved, at most 989 bytes with pages of
    // 1,024 bytes. The rest lies in overflow pages, which are never moved. So 1,000 zeros at the start
    // keep every byte of the ciphertext where secure_delete overwrites it.
    beforeSecret: "filler BLOB NOT NULL DEFAULT (zeroblob(1000)),",
  },
  postgres: {
    // Sorts by bytes, as SQLite does, and not by the rules of a language.
    text: 'TEXT COLLATE "C"',
    integer: "BIGINT",
    bytes: "BYTEA",
    sequence: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    keyOnly: "",
    beforeSecret: "",
  },
} as const;

const RANDOM_ID = {
  sqlite: "lower(hex(randomblob(16)))",
  postgres: "replace(gen_random_uuid()::text, '-', '')",
} as const;

/**
 * Gives each user a random reference. A replica of the release before creates users without one, so
 * PostgreSQL makes it.
 */
const ADD_AUDIT_REF = {
  sqlite: [
    `ALTER TABLE gallery_users ADD COLUMN audit_ref TEXT`,
    `UPDATE gallery_users SET audit_ref = ${RANDOM_ID.sqlite}`,
  ],
  postgres: [
    `ALTER TABLE gallery_users ADD COLUMN audit_ref TEXT COLLATE "C" DEFAULT ${RANDOM_ID.postgres}`,
  ],
} as const;

/** Returns a row when there is a version of the tables. */
const FIND_SCHEMA = {
  sqlite: "SELECT 1 AS found FROM sqlite_schema WHERE name = 'gallery_schema'",
  postgres: "SELECT 1 AS found WHERE to_regclass('gallery_schema') IS NOT NULL",
} as const;

/** Any number: replicas that start together take this lock one after the other. */
const MIGRATION_LOCK = 4_917_263_001;

/** Version of the tables that this program uses. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings the tables of a database to the newest version, in one transaction.
 *
 * @param target Version to stop at; for tests of migrations
 * @throws {ConfigError} when the tables are of a newer version
 */
export async function migrate(database: Database, target = SCHEMA_VERSION): Promise<void> {
  const found = await database.transaction(async (transaction) => {
    await lockSchema(database.dialect, transaction);
    const { integer } = TYPES[database.dialect];
    // An account that may not make tables can use those that another account has made.
    if ((await transaction.query(FIND_SCHEMA[database.dialect])).length === 0) {
      await transaction.query(
        `CREATE TABLE gallery_schema (
          id ${integer} PRIMARY KEY CHECK (id = 1), version ${integer} NOT NULL)`,
      );
    }
    const [row] = await transaction.query("SELECT version FROM gallery_schema");
    const version = Number(row?.["version"] ?? 0);
    if (version >= target) return new Rollback(version);
    for (const migration of MIGRATIONS.slice(version, target)) {
      for (const statement of migration(database.dialect)) await transaction.query(statement);
    }
    await transaction.query(
      `INSERT INTO gallery_schema VALUES (1, $1)
        ON CONFLICT (id) DO UPDATE SET version = excluded.version`,
      target,
    );
    return target;
  }, { frees: true });
  if (found > SCHEMA_VERSION) {
    throw new ConfigError(
      `The gallery's database has version ${found} of the tables, and this program knows versions ` +
        `up to ${SCHEMA_VERSION}: start the newer program`,
    );
  }
}

async function lockSchema(dialect: Dialect, transaction: Transaction): Promise<void> {
  if (dialect === "postgres") {
    await transaction.query("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK);
  }
}
