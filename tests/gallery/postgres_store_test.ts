import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { openPostgresDatabase } from "../../gallery/store/postgres_database.ts";
import { openSqlStore } from "../../gallery/store/sql_store.ts";
import { openStore } from "../../gallery/store/open_store.ts";
import { type GalleryStore, StoreUnavailable } from "../../gallery/store/store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { ConfigError } from "../../shared/env.ts";
import { followStore } from "../../gallery/index/follow_store.ts";
import { eventually } from "../support/eventually.ts";
import { newTemplate } from "../support/gallery_store.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres.ts";
import { dumpHas, embeddingBytes } from "./secret_search.ts";
import { startStoreProcess } from "./store_process_host.ts";

const test = needs("postgres");
const keys = parseTemplateKeys(makeTemplateKey());
const alice = { collection: "default", userId: "alice" };
const MUCH_LATER = Number.MAX_SAFE_INTEGER;

/** Opens a store that gives up soon. The time is enough for a busy machine. */
async function openImpatient(url: string, connections = 8): Promise<GalleryStore> {
  // The tables are made without haste.
  await (await openStore(url, { keys }))[Symbol.asyncDispose]();
  const database = await openPostgresDatabase({ url, connections, timeoutMs: 1500 });
  return await openSqlStore(database, { keys });
}

test("a dump of a PostgreSQL store has no embedding, and a search finds what is there", async () => {
  await using server = await startPostgres();
  const url = await server.newDatabase();
  await using store = await openStore(url, { keys });
  await store.putUser(alice, { name: "Alice" });
  const templates = Array.from({ length: 20 }, (_, seed) => newTemplate(seed));
  for (const template of templates) await store.addTemplate(alice, template);
  const dump = await server.dump(url);
  const secrets = templates.flatMap(({ embedding, photo }) => [
    ...embeddingBytes(embedding),
    photo,
  ]);
  assert(!dumpHas(dump, secrets));
  const rows = await server.query(url, "SELECT ciphertext FROM gallery_templates");
  assertEquals(rows.length, 20);
  assert(dumpHas(dump, rows.map((row) => row["ciphertext"] as Uint8Array)));
});

test("a PostgreSQL store whose server is away is unavailable and never empty", async () => {
  await using server = await startPostgres();
  const url = await server.newDatabase();
  await using store = await openStore(url, { keys });
  await store.putUser(alice, { name: "Alice" });
  const position = await store.position();
  const uses: (() => Promise<unknown>)[] = [
    () => store.check(),
    () => store.getUser(alice),
    () => store.listUsers("default", { limit: 1 }),
    () => store.listCollections(),
    () => store.countByModel("default"),
    () => store.listTemplates(alice),
    () => store.putUser(alice, { name: "Alice" }),
    () => store.deleteUser(alice),
    () => store.addTemplate(alice, newTemplate(1)),
    () => store.deleteTemplate(alice, "t"),
    () => Array.fromAsync(store.readUsers()),
    () => store.changesSince(position),
    () => store.decide({ jti: "j", expiresAt: MUCH_LATER, position }),
    () => store.purge(),
    () => store.reencrypt(1),
  ];
  await server.kill();
  await Promise.all(uses.map((use) => assertRejects(use, StoreUnavailable)));
  await assertRejects(() => openStore(url, { keys }), StoreUnavailable);
  await server.restart();
  assertEquals((await store.getUser(alice))?.name, "Alice");
  assertEquals(await store.decide({ jti: "j", expiresAt: MUCH_LATER, position }), {
    kind: "decided",
  });
});

test("a PostgreSQL server that does not answer makes no call wait for ever", async () => {
  await using server = await startPostgres();
  const url = await server.newDatabase();
  await using store = await openImpatient(url);
  await store.putUser(alice, { name: "Alice" });
  await server.signal("SIGSTOP");
  // More calls than connections: some wait for a connection, and all of them end.
  await Promise.all(
    Array.from({ length: 20 }, () => assertRejects(() => store.getUser(alice), StoreUnavailable)),
  );
  await assertRejects(() => store.putUser(alice, { name: "B" }), StoreUnavailable);
  await server.signal("SIGCONT");
  assertEquals((await store.getUser(alice))?.userId, "alice");
});

test("after a connection has gone silent, the next call has another connection", async () => {
  await using server = await startPostgres();
  const url = new URL(await server.newDatabase());
  await using relay = startSilentRelay(Number(url.port));
  url.port = String(relay.port);
  await using store = await openImpatient(url.href, 1);
  await store.putUser(alice, { name: "Alice" });
  relay.silence();
  await assertRejects(() => store.getUser(alice), StoreUnavailable);
  assertEquals((await store.getUser(alice))?.name, "Alice");
});

test("a change that waits for another client is given up, and decisions do not wait", async () => {
  await using server = await startPostgres();
  const url = await server.newDatabase();
  await using store = await openImpatient(url);
  await using database = await openPostgresDatabase({ url });
  const position = await store.position();
  const held = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const other = database.transaction(async () => {
    locked.resolve();
    await held.promise;
  }, { exclusive: true });
  await locked.promise;
  await assertRejects(() => store.putUser(alice, { name: "Alice" }), StoreUnavailable);
  assertEquals(await store.getUser(alice), undefined);
  assertEquals(await store.decide({ jti: "j", expiresAt: MUCH_LATER, position }), {
    kind: "decided",
  });
  held.resolve();
  await other;
  assertEquals((await store.putUser(alice, { name: "Alice" })).created, true);
});

test("an index whose changes are pruned while it reads them reads everything again", async () => {
  await using server = await startPostgres();
  const url = await server.newDatabase();
  await using other = await openStore(url, { keys, keptChanges: 0 });
  await using database = await openPostgresDatabase({ url });
  const store = await openSqlStore({
    dialect: database.dialect,
    transaction: (run, options) =>
      database.transaction((transaction) =>
        run({
          async query(statement, ...parameters) {
            const rows = await transaction.query(statement, ...parameters);
            // The purge is between the list of the changes and the users.
            if (/FROM gallery_changes WHERE n >=/.test(statement)) await other.purge();
            return rows;
          },
          erases: () => transaction.erases(),
        }), options),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }, { keys });
  const position = await store.position();
  await other.putUser(alice, { name: "Alice" });
  await other.putUser({ ...alice, userId: "bob" }, { name: "Bob" });
  // Without the rows of the changes, it would look as if Alice had been deleted.
  assertEquals(await store.changesSince(position), { kind: "rebuild" });
});

test("changes of several clients get numbers without gaps, and readers miss none", async () => {
  await using server = await startPostgres();
  const url = await server.newDatabase();
  await using one = await openStore(url, { keys, changesPerRead: 7 });
  await using two = await openStore(url, { keys });
  const stores = [one, two];
  const first = await one.position();
  let writing = true;
  const read = async (store: GalleryStore) => {
    let position = first;
    const users = new Map<string, string | undefined>();
    for (;;) {
      const last = !writing;
      const changes = await store.changesSince(position);
      assert(changes.kind === "changes");
      for (const { userId, user } of changes.users) users.set(userId, user?.name);
      position = changes.position;
      if (last && !changes.more) return { position, users };
    }
  };
  const readers = stores.map(read);
  const writers = stores.flatMap((store, i) =>
    Array.from({ length: 4 }, async (_, writer) => {
      for (let j = 0; j < 10; j++) {
        const key = { collection: "default", userId: `user ${j}` };
        await store.putUser(key, { name: `${i} ${writer} ${j}` });
        if (j % 3 === 0) await store.deleteUser(key);
      }
    })
  );
  await Promise.all(writers);
  writing = false;
  const rows = await server.query(url, "SELECT n FROM gallery_changes ORDER BY n");
  assertEquals(rows.map(({ n }) => Number(n)), rows.map((_, i) => i));
  const position = await two.position();
  assertEquals(position.n, rows.length - 1);
  const users = Object.fromEntries(
    (await Array.fromAsync(two.readUsers())).map(({ userId, name }) => [userId, name]),
  );
  for (const reader of await Promise.all(readers)) {
    assertEquals(reader.position, position);
    const present = [...reader.users].filter(([, name]) => name !== undefined).toSorted();
    assertEquals(Object.fromEntries(present), users);
  }
});

test("two replicas decide a token once, and see each other's deletions", async () => {
  await using server = await startPostgres();
  const url = await server.newDatabase();
  await using one = await openStore(url, { keys });
  await using two = await openStore(url, { keys });
  await one.putUser(alice, { name: "Alice" });
  const position = await two.position();
  for (let i = 0; i < 20; i++) {
    const decision = { jti: `j-${i}`, expiresAt: MUCH_LATER, position, matched: alice };
    const results = await Promise.all([one.decide(decision), two.decide(decision)]);
    assertEquals(results.map(({ kind }) => kind).toSorted(), ["decided", "replayed"]);
  }
  await one.deleteUser(alice);
  const late = { jti: "late", expiresAt: MUCH_LATER, position, matched: alice };
  assertEquals(await two.decide(late), { kind: "moved" });
  const changes = await two.changesSince(position);
  assert(changes.kind === "changes");
  assertEquals(changes.users, [{ ...alice, user: undefined }]);
});

test("a standby is never used, and after a failover it is the primary", async () => {
  await using server = await startPostgres();
  const primary = await server.newDatabase();
  await using standby = await server.startStandby();
  const { port, pathname } = new URL(primary);
  const alone = `postgres://face_it@127.0.0.1:${standby.port}${pathname}`;
  const both = `postgres://face_it@127.0.0.1:${standby.port},127.0.0.1:${port}${pathname}`;
  {
    await using store = await openStore(primary, { keys });
    await store.putUser(alice, { name: "Alice" });
  }
  await assertRejects(() => openStore(alone, { keys }), StoreUnavailable);
  await using store = await openStore(both, { keys });
  await using follower = await openStore(both, { keys });
  const names: string[] = [];
  const following = await followStore(follower, () => ({
    put: ({ name }) => names.push(name),
    remove: () => names.push("removed"),
  }));
  assertEquals(names, ["Alice"]);
  await store.putUser(alice, { name: "Alice B" });
  // What the standby has not copied is lost: the server does not wait for it.
  await eventually(
    async () =>
      (await server.query(alone, "SELECT n FROM gallery_change_number"))[0]?.["n"] === "2",
    "the standby has the change",
  );
  await server.kill();
  await assertRejects(() => store.getUser(alice), StoreUnavailable);
  await standby.promote();
  assertEquals((await store.getUser(alice))?.name, "Alice B");
  await following.catchUp();
  assertEquals(names, ["Alice", "Alice B"]);
  const decision = { jti: "j", expiresAt: MUCH_LATER, position: following.position };
  assertEquals(await store.decide(decision), { kind: "decided" });
});

test("replicas that start at the same time make the tables once", async () => {
  await using server = await startPostgres();
  const url = await server.newDatabase();
  const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(url, { keys })));
  const [first, ...others] = await Promise.all(stores.map((store) => store.position()));
  for (const other of others) assertEquals(other, first);
  for (const store of stores) await store[Symbol.asyncDispose]();
});

test("a PostgreSQL store needs no permission but the network, and no variable", async () => {
  await using server = await startPostgres();
  const url = await server.newDatabase();
  await using process = await startStoreProcess(url, makeTemplateKey());
  assertEquals(await process.call(1, { call: "dump" }), []);
});

test("settings of a PostgreSQL database cannot weaken the store", async () => {
  await using server = await startPostgres();
  const url = await server.newDatabase();
  const settings = {
    synchronous_commit: "off",
    default_transaction_isolation: "'repeatable read'",
    default_transaction_read_only: "on",
    statement_timeout: "0",
  };
  const name = new URL(url).pathname.slice(1);
  for (const [setting, value] of Object.entries(settings)) {
    await server.query(
      new URL("/postgres", url).href,
      `ALTER DATABASE ${name} SET ${setting} = ${value}`,
    );
  }
  await using database = await openPostgresDatabase({ url, timeoutMs: 4000 });
  const rows = await database.transaction((transaction) =>
    transaction.query(
      `SELECT current_setting('synchronous_commit') AS commit,
        current_setting('transaction_isolation') AS isolation,
        current_setting('transaction_read_only') AS read_only,
        current_setting('statement_timeout') AS timeout`,
    )
  );
  assertEquals({ ...rows[0] }, {
    commit: "on",
    isolation: "read committed",
    read_only: "off",
    timeout: "4s",
  });
});

test("an account without the right to make tables uses tables that another account has made", async () => {
  await using server = await startPostgres();
  const owner = await server.newDatabase();
  const app = new URL(owner);
  app.username = "app";
  await server.query(owner, "CREATE ROLE app LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
  const error = await assertRejects(() => openStore(app.href, { keys }), ConfigError);
  assertMatch(
    error.message,
    /^The gallery's database refuses access \(permission denied for schema public\)$/,
  );
  await (await openStore(owner, { keys }))[Symbol.asyncDispose]();
  await server.query(
    owner,
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app",
  );
  await using store = await openStore(app.href, { keys });
  await store.putUser(alice, { name: "Alice" });
  await store.addTemplate(alice, newTemplate(1));
  assertEquals(await store.deleteUser(alice), true);
  assertEquals(await store.purge(), 0);
});

test("a PostgreSQL database that cannot be used stops the start with one line", async () => {
  await using server = await startPostgres();
  const url = await server.newDatabase();
  await server.query(url, "CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0");
  const refusals: Record<string, RegExp> = {
    [new URL("/ascii", url).href]:
      /^The gallery's database has the encoding SQL_ASCII instead of UTF8$/,
    [new URL("/missing", url).href]: /^The gallery's database refuses access \(.*"missing".*\)$/,
    "postgres://face_it:secret@:x": /^The URL of the gallery's database is not a URL\. In /,
    "postgres://face_it:secret%@127.0.0.1/db": /^The URL .* write %25 for %/,
  };
  for (const [location, message] of Object.entries(refusals)) {
    const error = await assertRejects(() => openStore(location, { keys }), ConfigError);
    assertMatch(error.message, message);
  }
});

/** Starts a relay to a port. After `silence`, the connections that are open get no byte any more. */
function startSilentRelay(target: number) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<{ silent: boolean; close: () => void }>();
  const copy = async (from: Deno.Conn, to: Deno.Conn, state: { silent: boolean }) => {
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const length = await from.read(buffer).catch(() => null);
      if (length === null) return;
      if (!state.silent) await to.write(buffer.subarray(0, length)).catch(() => {});
    }
  };
  const accept = async () => {
    const copies: Promise<void>[] = [];
    for await (const client of listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: target });
      const state = {
        silent: false,
        close: () => {
          client.close();
          server.close();
        },
      };
      open.add(state);
      copies.push(copy(client, server, state), copy(server, client, state));
    }
    await Promise.all(copies);
  };
  const accepting = accept();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    silence() {
      for (const state of open) state.silent = true;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const { close } of open) close();
      await accepting;
    },
  };
}
