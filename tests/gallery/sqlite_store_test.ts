import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { openSqlStore } from "../../gallery/store/sql_store.ts";
import { openSqliteDatabase } from "../../gallery/store/sqlite_database.ts";
import { openStore } from "../../gallery/store/open_store.ts";
import { StoreDamaged, StoreUnavailable } from "../../gallery/store/store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { ConfigError } from "../../shared/env.ts";
import { newTemplate } from "../support/gallery_store.ts";
import { needs } from "../support/needs.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { embeddingBytes, filesWith } from "./secret_search.ts";
import { startStoreProcess } from "./store_process_host.ts";

const keyText = makeTemplateKey();
const keys = parseTemplateKeys(keyText);
const alice = { collection: "default", userId: "alice" };

needs("linux")("only the owner can read the files of a SQLite store", async () => {
  await using folder = await temporaryFolder();
  const data = folder.path("gallery");
  // A folder that an administrator has made, open to all.
  await Deno.mkdir(data, { mode: 0o755 });
  await using store = await openStore(data, { keys });
  await store.putUser(alice, { name: "Alice" });
  const modes: Record<string, number> = { ".": (await Deno.stat(data)).mode! & 0o777 };
  for await (const { name } of Deno.readDir(data)) {
    modes[name] = (await Deno.stat(`${data}/${name}`)).mode! & 0o777;
  }
  assertEquals(modes, {
    ".": 0o700,
    "gallery.db": 0o600,
    "gallery.db-shm": 0o600,
    "gallery.db-wal": 0o600,
    "gallery.lock": 0o600,
    "gallery.reserve": 0o600,
  });
});

needs("linux")(
  "a SQLite store takes no rights away from a folder with files of others",
  async () => {
    await using folder = await temporaryFolder({ "shared/other.txt": "" });
    const shared = folder.path("shared");
    await Deno.chmod(shared, 0o755);
    const error = await assertRejects(() => openStore(shared, { keys }), ConfigError);
    assertEquals(
      error.message,
      `The gallery's folder ${shared} has other files, and other accounts may read it: name a ` +
        "folder for the gallery alone",
    );
    assertEquals((await Deno.stat(shared)).mode! & 0o777, 0o755);
    assertEquals((await Array.fromAsync(Deno.readDir(shared))).length, 1);
    // A private folder may have other files. So may a new file system.
    await Deno.chmod(shared, 0o700);
    await (await openStore(shared, { keys }))[Symbol.asyncDispose]();
    const mounted = folder.path("mounted");
    await Deno.mkdir(`${mounted}/lost+found`, { recursive: true });
    await (await openStore(mounted, { keys }))[Symbol.asyncDispose]();
  },
);

Deno.test("a second process cannot open a SQLite store until the first one has ended", async () => {
  await using folder = await temporaryFolder();
  const data = folder.path("gallery");
  const refused = `The gallery's folder ${data} is used by another process: only one may use it`;
  {
    await using _store = await openStore(data, { keys });
    const here = await assertRejects(() => openStore(data, { keys }), ConfigError);
    assertEquals(here.message, refused);
    const there = await assertRejects(() => startStoreProcess(data, keyText), Error);
    assertEquals(there.message, `${refused}\n`);
  }
  const process = await startStoreProcess(data, keyText);
  await assertRejects(() => openStore(data, { keys }), ConfigError);
  // A killed process leaves no lock behind.
  await process.kill();
  await using _store = await openStore(data, { keys });
});

Deno.test("a SQLite store does not open a folder that it cannot use, and says so in one line", async () => {
  await using folder = await temporaryFolder({
    "file": "",
    "other/gallery.db": "This is not a database. ".repeat(100),
  });
  for (const name of ["file", "other"]) {
    const path = folder.path(name);
    const error = await assertRejects(() => openStore(path, { keys }), ConfigError);
    assertMatch(
      error.message,
      /^The gallery's (folder|database) \S+ cannot be (used|opened) \(.+\)$/,
    );
    assert(error.message.includes(path));
  }
});

Deno.test("no file of a SQLite store has an embedding, and a search finds what is there", async () => {
  await using folder = await temporaryFolder();
  const data = folder.path("gallery");
  const templates = Array.from({ length: 20 }, (_, seed) => newTemplate(seed));
  const secrets = templates.flatMap(({ embedding, photo }) => [
    ...embeddingBytes(embedding),
    photo,
  ]);
  {
    await using store = await openStore(data, { keys, maxTemplates: 20 });
    await store.putUser(alice, { name: "A name of sixteen or more letters" });
    for (const template of templates) await store.addTemplate(alice, template);
    assertEquals(await filesWith(data, secrets), []);
    // The newest rows are in the write-ahead log, and the search can find them.
    const name = [new TextEncoder().encode("A name of sixteen or more letters")];
    assertEquals(await filesWith(data, name), ["gallery.db-wal"]);
    const ciphertexts = readCiphertexts(data);
    assertEquals(ciphertexts.length, 20);
    assertEquals(await filesWith(data, ciphertexts), ["gallery.db-wal"]);
  }
  assertEquals(await filesWith(data, secrets), []);
  assertEquals(await filesWith(data, readCiphertexts(data)), ["gallery.db"]);
});

Deno.test("after deletions no file of a SQLite store has a byte of the deleted ciphertexts", async () => {
  await using folder = await temporaryFolder();
  const data = folder.path("gallery");
  const random = seededRandom(5);
  const deleted: Uint8Array[] = [];
  await using store = await openStore(data, { keys });
  const users = new Set<string>();
  let seed = 0;
  // Rows are moved from page to page while others come and go.
  for (let round = 0; round < 40; round++) {
    const added = Array.from({ length: 1 + Math.floor(random() * 15) }, () => ({
      collection: "default",
      userId: `user ${Math.floor(random() * 1e6)}`,
      name: "N",
      templates: Array.from(
        { length: 1 + Math.floor(random() * 3) },
        () => newTemplate(seed++, 16),
      ),
    }));
    await store.importUsers(added);
    for (const { userId } of added) users.add(userId);
    for (const userId of users) {
      if (random() > 0.3) continue;
      const key = { collection: "default", userId };
      const [template] = (await store.listTemplates(key))!;
      if (template !== undefined && random() < 0.3) {
        deleted.push(...readCiphertexts(data, "template_id", template.templateId));
        await store.deleteTemplate(key, template.templateId);
      } else {
        deleted.push(...readCiphertexts(data, "user_id", userId));
        await store.deleteUser(key);
        users.delete(userId);
      }
    }
  }
  assertEquals(await filesWith(data, deleted), []);
  assert(deleted.length > 100, `${deleted.length} deleted`);
});

Deno.test("keys that are replaced leave no old ciphertext in the files of a SQLite store", async () => {
  await using folder = await temporaryFolder();
  const data = folder.path("gallery");
  {
    await using store = await openStore(data, { keys });
    await store.putUser(alice, { name: "Alice" });
    for (const seed of [1, 2, 3]) await store.addTemplate(alice, newTemplate(seed));
  }
  const old = readCiphertexts(data);
  await using store = await openStore(data, {
    keys: [parseTemplateKeys(makeTemplateKey())[0], ...keys],
  });
  assertEquals(await filesWith(data, old), ["gallery.db"]);
  assertEquals(await store.reencrypt(10), 3);
  assertEquals(await filesWith(data, old), []);
});

Deno.test("a SQLite store that was killed after a deletion erases at its next start", async () => {
  await using folder = await temporaryFolder();
  const data = folder.path("gallery");
  const database = () => openSqliteDatabase({ folder: data });
  {
    await using store = await openSqlStore(database(), { keys });
    await store.putUser(alice, { name: "Alice" });
    await store.addTemplate(alice, newTemplate(1));
  }
  const deleted = readCiphertexts(data);
  // A copy of the files at the moment after the commit, which deletes in the log alone.
  {
    using connection = new DatabaseSync(`${data}/gallery.db`);
    connection.exec("PRAGMA secure_delete = ON; DELETE FROM gallery_users");
    for (const name of ["gallery.db", "gallery.db-wal"]) {
      await folder.write(`copy/${name}`, await Deno.readFile(`${data}/${name}`));
    }
  }
  assertEquals(await filesWith(folder.path("copy"), deleted), ["gallery.db"]);
  await using store = await openStore(folder.path("copy"), { keys });
  assertEquals(await store.getUser(alice), undefined);
  assertEquals(await filesWith(folder.path("copy"), deleted), []);
});

Deno.test("a day after a deletion, the tables of a SQLite store do not have the user_id", async () => {
  await using folder = await temporaryFolder();
  const data = folder.path("gallery");
  const clock = { now: 0 };
  await using store = await openStore(data, { keys, now: () => clock.now });
  const named = () => {
    using connection = new DatabaseSync(`${data}/gallery.db`, { readOnly: true });
    const rows = connection.prepare("SELECT n FROM gallery_changes WHERE user_id = 'alice'").all();
    return rows.length;
  };
  await store.putUser(alice, { name: "Alice" });
  await store.deleteUser(alice);
  clock.now = 24 * 60 * 60 * 1000 - 1;
  await store.purge();
  assertEquals(named(), 2);
  clock.now++;
  await store.purge();
  assertEquals(named(), 0);
});

Deno.test("a backup delays that deleted rows leave the files, but no deletion", async () => {
  await using folder = await temporaryFolder();
  const data = folder.path("gallery");
  // A wait for the backup would last for ever.
  const database = openSqliteDatabase({ folder: data, busyTimeoutMs: 2 ** 31 - 1 });
  await using store = await openSqlStore(database, { keys });
  await store.putUser(alice, { name: "Alice" });
  await store.addTemplate(alice, newTemplate(1));
  const deleted = readCiphertexts(data);
  {
    using backup = new DatabaseSync(`${data}/gallery.db`, { readOnly: true });
    backup.exec("BEGIN; SELECT * FROM gallery_templates");
    assertEquals(await store.deleteUser(alice), true);
    assertEquals(await store.getUser(alice), undefined);
    assert((await filesWith(data, deleted)).length > 0);
    backup.exec("COMMIT");
  }
  assertEquals(await store.getUser(alice), undefined);
  assertEquals(await filesWith(data, deleted), []);
});

Deno.test("an index behind a restored backup reads everything again", async () => {
  await using folder = await temporaryFolder();
  const data = folder.path("gallery");
  const bob = { ...alice, userId: "bob" };
  {
    await using store = await openStore(data, { keys });
    await store.putUser(alice, { name: "Alice" });
  }
  const backup = await Deno.readFile(`${data}/gallery.db`);
  let position;
  {
    await using store = await openStore(data, { keys });
    await store.deleteUser(alice);
    position = await store.position();
  }
  await Deno.writeFile(`${data}/gallery.db`, backup);
  await using store = await openStore(data, { keys });
  assertEquals(await store.changesSince(position), { kind: "rebuild" });
  // Another change gets the same number.
  await store.putUser(bob, { name: "Bob" });
  assertEquals((await store.position()).n, position.n);
  assertEquals(await store.changesSince(position), { kind: "rebuild" });
  const decision = { jti: "j", expiresAt: Number.MAX_SAFE_INTEGER, position };
  assertEquals(await store.decide(decision), { kind: "moved" });
});

Deno.test("a row of a SQLite store that was changed or moved is refused, and names the user", async () => {
  const changes = [
    "UPDATE gallery_templates SET ciphertext = zeroblob(560) WHERE user_id = 'alice'",
    "UPDATE gallery_templates SET model = 'cd' WHERE user_id = 'alice'",
    "UPDATE gallery_templates SET template_id = 'other' WHERE user_id = 'alice'",
    `UPDATE gallery_templates SET (nonce, ciphertext) =
      (SELECT nonce, ciphertext FROM gallery_templates WHERE user_id = 'bob')
      WHERE user_id = 'alice'`,
    `PRAGMA foreign_keys = OFF; DELETE FROM gallery_templates WHERE user_id = 'alice';
      UPDATE gallery_templates SET user_id = 'alice' WHERE user_id = 'bob'`,
  ];
  for (const change of changes) {
    await using folder = await temporaryFolder();
    const data = folder.path("gallery");
    const bob = { ...alice, userId: "bob" };
    let start;
    {
      await using store = await openStore(data, { keys });
      start = await store.position();
      await store.importUsers([
        { ...alice, name: "Alice", templates: [newTemplate(1)] },
        { ...bob, name: "Bob", templates: [newTemplate(2)] },
      ]);
    }
    {
      using connection = new DatabaseSync(`${data}/gallery.db`);
      connection.exec(change);
    }
    await using store = await openStore(data, { keys });
    for (
      const read of [() => Array.fromAsync(store.readUsers()), () => store.changesSince(start)]
    ) {
      const error = await assertRejects(read, StoreDamaged);
      assertMatch(
        error.message,
        /^The template \S+ of user "alice" in collection "default" is damaged$/,
      );
    }
    // The user can be deleted, and then the others are there again.
    await store.deleteUser(alice);
    await Array.fromAsync(store.readUsers());
  }
});

Deno.test("a SQLite store that is locked, or closed, is unavailable and never empty", async () => {
  await using folder = await temporaryFolder();
  const data = folder.path("gallery");
  const database = openSqliteDatabase({ folder: data, busyTimeoutMs: 1 });
  const store = await openSqlStore(database, { keys });
  await store.putUser(alice, { name: "Alice" });
  const position = await store.position();
  {
    using other = new DatabaseSync(`${data}/gallery.db`);
    other.exec("BEGIN IMMEDIATE");
    const decision = { jti: "j", expiresAt: Number.MAX_SAFE_INTEGER, position };
    await assertRejects(() => store.decide(decision), StoreUnavailable);
    await assertRejects(() => store.putUser(alice, { name: "B" }), StoreUnavailable);
    other.exec("ROLLBACK");
    assertEquals(await store.decide(decision), { kind: "decided" });
  }
  assertEquals((await store.getUser(alice))?.name, "Alice");
  await store[Symbol.asyncDispose]();
  await assertRejects(() => store.getUser(alice), StoreUnavailable);
  await assertRejects(() => store.check(), StoreUnavailable);
  await assertRejects(() => Array.fromAsync(store.readUsers()), StoreUnavailable);
});

Deno.test("a database of other pages is not opened: deleted rows could stay in it", async () => {
  await using folder = await temporaryFolder();
  const data = folder.path("gallery");
  await Deno.mkdir(data);
  {
    using connection = new DatabaseSync(`${data}/gallery.db`);
    connection.exec("PRAGMA page_size = 4096; CREATE TABLE t (x)");
  }
  assertThrows(() => openSqliteDatabase({ folder: data }), ConfigError, "4096 bytes");
});

function readCiphertexts(data: string, column = "1", value: string | number = 1): Uint8Array[] {
  using connection = new DatabaseSync(`${data}/gallery.db`, { readOnly: true });
  const rows = connection.prepare(`SELECT ciphertext FROM gallery_templates WHERE ${column} = ?`)
    .all(value);
  return rows.map((row) => row["ciphertext"] as Uint8Array);
}
