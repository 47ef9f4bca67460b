import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readGalleryFileUsers } from "../../gallery/files/gallery_file_users.ts";
import { importInBatches } from "../../gallery/files/import_in_batches.ts";
import { openStore } from "../../gallery/store/open_store.ts";
import type { GalleryStore, NewUser } from "../../gallery/store/store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { ROOT } from "../support/checkout.ts";
import { eventually } from "../support/eventually.ts";
import { newTemplate } from "../support/gallery_store.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres.ts";
import { type CommandResult, runCommand, type RunCommandOptions } from "../support/run_command.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary_folder.ts";

const collection = "default";

/** A folder with the data of a laptop, and the command for it. */
interface Laptop extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  /** Runs the command. `env` names another store. */
  run(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
    streams?: Pick<RunCommandOptions, "stdin" | "stdout">,
  ): Promise<CommandResult>;
  /** Opens the store of the laptop, or a copy with the same keys. */
  open(store?: string): Promise<GalleryStore>;
}

async function laptop(): Promise<Laptop> {
  const folder = await temporaryFolder();
  const data = folder.path("data");
  const keysPath = folder.path("data/template-keys");
  const run = (
    args: readonly string[],
    env = {},
    streams: Pick<RunCommandOptions, "stdin" | "stdout"> = {},
  ) =>
    runCommand("gallery/commands/main.ts", args, {
      cwd: folder.root,
      env: { DATA_DIR: data, ...env },
      permissions: "gallery-command",
      ...streams,
    });
  return {
    folder,
    run,
    open: async (store = folder.path("data/gallery")) =>
      openStore(store, { keys: parseTemplateKeys(await Deno.readTextFile(keysPath)) }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Returns people with one or two templates each. */
const people = (count: number): NewUser[] =>
  Array.from({ length: count }, (_, i) => ({
    collection: i % 3 === 0 ? "other" : collection,
    userId: `user ${i} é`,
    name: `Name ${i}`,
    ...i % 2 === 0 && { consentRef: `consent ${i}`, expiresAt: 4_102_444_800_000 + i },
    templates: [newTemplate(i), ...i % 5 === 0 ? [newTemplate(1000 + i)] : []],
  }));

/** Everything of a store that an export moves. */
async function contentOf(store: GalleryStore): Promise<unknown[]> {
  const users = await Array.fromAsync(store.readUsers());
  return users.map((user) => ({
    ...user,
    templates: user.templates.map(({ templateId: _id, ...template }) => template),
  }));
}

Deno.test("a file is imported once, wherever it lies, and who was deleted since stays away", async () => {
  await using desk = await laptop();
  const files = [
    LOCAL_PATHS.gallery,
    await desk.folder.write("copy", await Deno.readFile(LOCAL_PATHS.gallery)),
  ];
  const first = await desk.run(["import", ...files.slice(0, 1)]);
  assertEquals([first.code, first.out], [0, "Imported 3 users; 3 templates are new\n"], first.err);
  assertEquals(first.err, "Importing: 3 users …\nImporting: 3 users, done\n");
  const read = async () => {
    await using store = await desk.open();
    const { items } = await store.listUsers(collection, { limit: 10 });
    return items.map(({ userId, templates }) => [userId, templates]);
  };
  assertEquals(await read(), [["user1", 1], ["user2", 1], ["user3", 1]]);
  {
    await using store = await desk.open();
    await store.deleteUser({ collection, userId: "user2" });
  }
  for (const file of [...files, "-"]) {
    const { code, out, err } = await desk.run(["import", file], {}, { stdin: LOCAL_PATHS.gallery });
    assertEquals([code, out], [0, "Imported 0 users; 0 templates are new\n"], err);
    assertMatch(err, /^[^\n]* was imported on \d{4}-\d\d-\d\d and is left out[^\n]*--again\n$/);
  }
  assertEquals(await read(), [["user1", 1], ["user3", 1]]);
  const again = await desk.run(["import", "--again", ...files]);
  assertEquals([again.code, again.out], [0, "Imported 6 users; 1 templates are new\n"], again.err);
  assertEquals(await read(), [["user1", 1], ["user2", 1], ["user3", 1]]);
});

Deno.test("an import that was interrupted continues, and brings back nobody", async () => {
  await using desk = await laptop();
  const entries = Array.from({ length: 250 }, (_, i) => ({
    user_id: `user ${i}`,
    name: "N",
    embedding: [1, i],
  }));
  const json = gallery(entries, "ab".repeat(32));
  const sha256 = await sha256Of(json);
  const path = await desk.folder.write("many.json", json);
  await desk.run(["import", LOCAL_PATHS.gallery]);
  {
    await using store = await desk.open();
    const some = readGalleryFileUsers(json).slice(0, 100).map((user) => ({ ...user, collection }));
    const part = { sha256, collection, first: 0, again: false };
    assertEquals(await store.importUsers(some, part), 100);
    await store.deleteUser({ collection, userId: "user 7" });
  }
  const { code, out, err } = await desk.run(["import", path]);
  assertEquals([code, out], [0, "Imported 250 users; 150 templates are new\n"], err);
  await using store = await desk.open();
  assertEquals(await store.getUser({ collection, userId: "user 7" }), undefined);
  assertEquals((await store.listUsers(collection, { limit: 1000 })).items.length, 252);
});

Deno.test("standard input is imported, and gets a backup", async () => {
  await using desk = await laptop();
  const imported = await desk.run(["import", "-"], {}, { stdin: LOCAL_PATHS.gallery });
  assertEquals(imported.out, "Imported 3 users; 3 templates are new\n", imported.err);
  const bad = await desk.run(["import", "-"], {}, { stdin: join(ROOT, "deno.json") });
  assertEquals(bad.code, 1);
  assertMatch(bad.err, /^Standard input: [^\n]*\n$/);
  await using _running = await desk.open();
  await Deno.mkdir(desk.folder.path("copy"));
  const { code, err } = await desk.run(["backup", "-"], {}, {
    stdout: desk.folder.path("copy/gallery.db"),
  });
  assertEquals(code, 0, err);
  await using copy = await desk.open(desk.folder.path("copy"));
  assertEquals((await copy.listUsers(collection, { limit: 10 })).items.length, 3);
  const names = await Array.fromAsync(
    Deno.readDir(desk.folder.path("data/gallery")),
    ({ name }) => name,
  );
  assertEquals(names.filter((name) => name.endsWith(".tmp")), []);
});

Deno.test("both forms of gallery files are imported, into the collection that was named", async () => {
  await using desk = await laptop();
  const sha = "ab".repeat(32);
  await desk.folder.write("a.json", gallery([{ embedding: [3, 4] }]));
  await desk.folder.write("b.json", gallery([{ embedding_int8: "QEA=" }]));
  const options = ["--model", sha, "--collection", "tenant"];
  assertEquals((await desk.run(["import", "a.json", "b.json", ...options])).code, 0);
  await using store = await desk.open();
  const users = await Array.fromAsync(store.readUsers());
  assertEquals(users.map(({ collection, userId }) => [collection, userId]), [["tenant", "ada"]]);
  assertEquals(users[0]!.templates.map(({ model }) => model), [sha, sha]);
});

Deno.test("importing a gallery file keeps the consent and the time of expiry of a user", async () => {
  await using desk = await laptop();
  await desk.run(["import", LOCAL_PATHS.gallery]);
  const fields = { name: "Changed", consentRef: "consent", expiresAt: 4_102_444_800_000 };
  {
    await using store = await desk.open();
    await store.putUser({ collection, userId: "user1" }, fields);
  }
  await desk.run(["import", "--again", LOCAL_PATHS.gallery]);
  await using store = await desk.open();
  const { name, consentRef, expiresAt } = (await store.getUser({ collection, userId: "user1" }))!;
  assertEquals({ name, consentRef, expiresAt }, { ...fields, name: "User One" });
});

Deno.test("with REQUIRE_CONSENT, only users with a stored consent are imported", async () => {
  await using desk = await laptop();
  const env = { REQUIRE_CONSENT: "true" };
  await desk.folder.write("none.json", gallery([], "ab".repeat(32)));
  assertEquals((await desk.run(["import", "none.json"], env)).code, 0);
  {
    await using store = await desk.open();
    await store.putUser({ collection, userId: "ada" }, { name: "Ada", consentRef: "c-1" });
  }
  const [ada, bob] = ["ada", "bob"].map((user_id) => ({ user_id, name: "N", embedding: [1] }));
  await desk.folder.write("both.json", gallery([ada!, bob!], "ab".repeat(32)));
  await desk.folder.write("ada.json", gallery([ada!], "ab".repeat(32)));
  const refused = await desk.run(["import", "both.json"], env);
  assertEquals([refused.code, refused.out], [1, ""]);
  assertMatch(
    refused.err,
    /^The user "bob" has no consent_ref, .* so nothing is imported\.[^\n]*\n$/,
  );
  const imported = await desk.run(["import", "ada.json"], env);
  assertEquals(imported.out, "Imported 1 users; 1 templates are new\n", imported.err);
  await using store = await desk.open();
  const users = await Array.fromAsync(store.readUsers());
  assertEquals(users.map(({ userId, consentRef }) => [userId, consentRef]), [["ada", "c-1"]]);
});

Deno.test("with REQUIRE_CONSENT, no import takes the consent of a user with templates away", async () => {
  await using desk = await laptop();
  const env = { REQUIRE_CONSENT: "true" };
  const fields = { name: "Ada", consentRef: "c-1" };
  await desk.folder.write("none.json", gallery([], "ab".repeat(32)));
  assertEquals((await desk.run(["import", "none.json"])).code, 0);
  {
    await using store = await desk.open();
    await store.putUser({ collection, userId: "ada" }, { name: "Ada" });
  }
  assertEquals((await desk.run(["export", "without.ndjson"])).code, 0);
  const ada = { user_id: "ada", name: "Ada", embedding: [1] };
  await desk.folder.write("ada.json", gallery([ada], "ab".repeat(32)));
  {
    await using store = await desk.open();
    await store.putUser({ collection, userId: "ada" }, fields);
  }
  assertEquals((await desk.run(["export", "with.ndjson"])).code, 0);
  // The templates are in another file, or stored.
  const mixed = await desk.run(["import", "ada.json", "without.ndjson"], env);
  assertEquals([mixed.code, mixed.out], [1, ""]);
  assertEquals((await desk.run(["import", "with.ndjson", "ada.json"], env)).code, 0);
  const refused = await desk.run(["import", "without.ndjson"], env);
  assertEquals([refused.code, refused.out], [1, ""]);
  for (const { err } of [mixed, refused]) {
    assertMatch(err, /^The user "ada" has no consent_ref, .* so nothing is imported\.[^\n]*\n$/);
  }
  await using store = await desk.open();
  assertEquals((await store.getUser({ collection, userId: "ada" }))?.consentRef, "c-1");
});

Deno.test("each mistake gets one clear line, and nothing is stored", async () => {
  await using desk = await laptop();
  await desk.folder.write("without.json", gallery([{ embedding: [1] }]));
  await desk.folder.write("bad.json", "{");
  await desk.folder.write("good.json", gallery([{ embedding: [1] }], "ab".repeat(32)));
  for (
    const [args, code, line] of [
      [["import", "none.json"], 1, /^The file none\.json cannot be read$/],
      [["import", "without.json"], 1, /^without\.json: .*--model SHA256$/],
      [["import", "good.json", "bad.json"], 1, /^bad\.json: The gallery is not valid JSON$/],
      [["export", "x"], 1, /^There is no gallery in the folder /],
      [["backup", "x"], 1, /^There is no gallery in the folder /],
      [["verify-store"], 1, /^There is no gallery in the folder /],
      [["show"], 2, /^The command is .*\. Usage: deno task gallery /],
    ] as const
  ) {
    await using other = await laptop();
    const { err, ...result } = await (args[0] === "import" ? desk : other).run(args);
    assertEquals(result, { code, out: "" }, args.join(" "));
    assertMatch(err, /^[^\n]*\n$/);
    assertMatch(err.trim(), line);
  }
  await using store = await desk.open();
  assertEquals(await contentOf(store), []);
});

Deno.test("a user gets at most 1,000 templates, and a mistake stores nothing", async () => {
  await using desk = await laptop();
  const sha = "ab".repeat(32);
  const entries = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({ embedding: [1, from + i] }));
  await desk.folder.write("most.json", gallery(entries(0, 1000), sha));
  await desk.folder.write("some.json", gallery(entries(500, 1000), sha));
  await desk.folder.write("another.json", gallery(entries(1000, 1001), sha));
  await desk.folder.write("large.json", gallery(entries(0, 1001), sha));
  await desk.folder.write(
    "bob.json",
    gallery([{ user_id: "bob", name: "Bob", embedding: [1, 0] }], sha),
  );
  const refusal = 'The user "ada" would have more than 1,000 templates, so nothing is imported. ' +
    "Take some of this user's entries out of the file\n";
  for (const files of [["bob.json", "large.json"], ["bob.json", "most.json", "another.json"]]) {
    const { code, out, err } = await desk.run(["import", ...files]);
    assertEquals([code, out, err], [1, "", refusal], files.join(" "));
  }
  for (const files of [["most.json", "some.json"], ["most.json"]]) {
    assertEquals((await desk.run(["import", ...files])).code, 0, files.join(" "));
  }
  assertEquals((await desk.run(["import", "bob.json", "another.json"])).err, refusal);
  await using store = await desk.open();
  const { items } = await store.listUsers(collection, { limit: 10 });
  assertEquals(items.map(({ userId, templates }) => [userId, templates]), [["ada", 1000]]);
});

Deno.test("a gallery survives the way to a file and back", async () => {
  await using desk = await laptop();
  await using other = await laptop();
  await desk.run(["import", LOCAL_PATHS.gallery]);
  let before: unknown[];
  {
    await using store = await desk.open();
    await importInBatches(store, people(250));
    before = await contentOf(store);
  }
  const file = desk.folder.path("x.ndjson");
  const exported = await desk.run(["export", file]);
  assertEquals([exported.code, exported.out], [
    0,
    `Exported 253 users with 303 templates to ${file}\n`,
  ]);
  assertMatch(exported.err, /biometric data that is not encrypted/);
  assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
  for (const [args, added] of [[[], 303], [["--again"], 0]] as const) {
    const { out, err } = await other.run(["import", file, ...args]);
    assertEquals(out, `Imported 253 users; ${added} templates are new\n`, err);
  }
  await using store = await other.open();
  assertEquals(await contentOf(store), before);
});

needs("postgres")("a gallery moves from SQLite to PostgreSQL and back", async () => {
  await using server = await startPostgres();
  await using desk = await laptop();
  await using last = await laptop();
  await desk.run(["import", LOCAL_PATHS.gallery]);
  let before: unknown[];
  {
    await using store = await desk.open();
    await importInBatches(store, people(250));
    before = await contentOf(store);
  }
  const url = await server.newDatabase();
  // A password, which the server does not ask for.
  const secret = url.replace("face_it@", "face_it:a-secret-password@");
  const keys = await desk.folder.write("keys", makeTemplateKey());
  const postgres = { GALLERY_STORE: secret, TEMPLATE_KEYS_PATH: keys };
  const steps = [
    await desk.run(["export", "1.ndjson"]),
    await desk.run(["import", "1.ndjson"], postgres),
    await desk.run(["verify-store"], postgres),
    await desk.run(["export", "2.ndjson"], postgres),
    await last.run(["import", desk.folder.path("2.ndjson")]),
    await last.run(["verify-store"]),
  ];
  for (const { code, out, err } of steps) {
    assertEquals(code, 0, err);
    assert(!(out + err).includes("secret"));
  }
  {
    await using store = await openStore(url, {
      keys: parseTemplateKeys(await Deno.readTextFile(keys)),
    });
    assertEquals(await contentOf(store), before);
  }
  await using store = await last.open();
  assertEquals(await contentOf(store), before);

  const backup = await desk.run(["backup", "copy"], postgres);
  assertEquals([backup.code, backup.err], [
    1,
    "The gallery is in PostgreSQL: back it up with pg_dump\n",
  ]);
  // Nobody listens on this port.
  const away = secret.replace(/:\d+\//, ":1/");
  const refused = await desk.run(["verify-store"], { ...postgres, GALLERY_STORE: away });
  assertEquals(refused.code, 1);
  assertMatch(refused.err, /^The gallery's database cannot be used [^\n]*\n$/);
  assert(!refused.err.includes("secret"), refused.err);
});

Deno.test("while a process has a SQLite folder, only backup works, and the others say what to do", async () => {
  await using desk = await laptop();
  await desk.run(["import", LOCAL_PATHS.gallery]);
  await using _store = await desk.open();
  for (const args of [["import", LOCAL_PATHS.gallery], ["export", "x"], ["verify-store"]]) {
    const { code, err } = await desk.run(args);
    assertEquals(code, 1, args.join(" "));
    assertMatch(
      err,
      /^The gallery's folder [^\n]* is used by another process[^\n]*Stop the service first\n$/,
    );
  }
  const { code, err } = await desk.run(["backup", "copy"]);
  assertEquals(code, 0, err);
});

Deno.test("a backup that is made during changes has every change that came before it", async () => {
  await using desk = await laptop();
  await desk.run(["import", LOCAL_PATHS.gallery]);
  await using store = await desk.open();
  await importInBatches(store, people(300));
  let changes = 0, ending = false;
  const writer = (async () => {
    while (!ending) {
      const key = { collection: "changes", userId: String(changes) };
      await store.putUser(key, { name: "Ada" });
      await store.addTemplate(key, newTemplate(changes));
      changes++;
      // Lets the process of the command report its end.
      await new Promise((resolve) => setTimeout(resolve));
    }
  })();
  // A part of the database is in the write-ahead log only.
  await eventually(() => changes >= 20, "some changes are acknowledged");
  const acknowledged = changes;
  const { code, err } = await desk.run(["backup", "copy"]);
  const atEnd = changes;
  ending = true;
  await writer;
  assertEquals(code, 0, err);
  assert(atEnd > acknowledged, "nothing was written during the backup");
  const copy = desk.folder.path("copy");
  const files = await Array.fromAsync(Deno.readDir(copy), ({ name }) => name);
  assertEquals(files, ["gallery.db"]);
  assertEquals((await Deno.stat(`${copy}/gallery.db`)).mode! & 0o777, 0o600);

  const restored = {
    GALLERY_STORE: copy,
    TEMPLATE_KEYS_PATH: desk.folder.path("data/template-keys"),
  };
  const verified = await desk.run(["verify-store"], restored);
  assertEquals(verified.code, 0, verified.err);
  await using old = await desk.open(copy);
  const { items } = await old.listUsers("changes", { limit: 10_000 });
  assert(items.length >= acknowledged && items.length <= atEnd, `${items.length} of ${atEnd}`);
  // A user and its template are two changes: only the newest user may be without.
  const without = items.filter(({ templates }) => templates === 0);
  assert(without.length <= 1, `${without.length} users without a template`);
  assertEquals((await old.listUsers(collection, { limit: 1000 })).items.length, 203);
  const again = await desk.run(["backup", "copy"]);
  assertEquals([again.code, again.err], [1, "The folder copy has a database already\n"]);
});

Deno.test("verify-store names each row with a fault", async () => {
  for (
    const [change, message] of [
      [
        "UPDATE gallery_templates SET ciphertext = flipped(ciphertext)",
        /^The template \S+ of user "user1" in collection "default" is damaged$/m,
      ],
      [
        "UPDATE gallery_templates SET nonce = flipped(nonce) WHERE user_id = 'user2'",
        /of user "user2" .* is damaged$/m,
      ],
      [
        "UPDATE gallery_templates SET photo = flipped(photo)",
        /has another photo than its row names$/m,
      ],
      ["UPDATE gallery_templates SET model = 'sface'", /has a bad model$/m],
      [
        "UPDATE gallery_templates SET user_id = 'user2' WHERE user_id = 'user1'",
        /of user "user2" .* is damaged$/m,
      ],
      [
        "UPDATE gallery_templates SET key_id = '0123456789abcdef'",
        /the key 0123456789abcdef, which/m,
      ],
      [
        "UPDATE gallery_users SET name = '' WHERE user_id = 'user3'",
        /^The user "user3" in collection "default" has a bad name$/m,
      ],
      ["UPDATE gallery_users SET created_at = 'now'", /has a bad created_at$/m],
      [
        "UPDATE gallery_keys SET ciphertext = flipped(ciphertext)",
        /^No template key fits the database$/m,
      ],
      ["UPDATE gallery_change_number SET n = n + 1", /^The newest change is 3 instead of 4$/m],
      ["DELETE FROM gallery_changes WHERE n = 2", /^There are 3 changes from 0 to 3$/m],
      [
        "PRAGMA foreign_keys = OFF; DELETE FROM gallery_users WHERE user_id = 'user1'",
        /^The template .* belongs to no user$/m,
      ],
      ["UPDATE gallery_schema SET version = 1", /^The tables have version 1 instead of /m],
    ] as const
  ) {
    await using desk = await laptop();
    await desk.run(["import", LOCAL_PATHS.gallery]);
    assertEquals((await desk.run(["verify-store"])).out, "3 users and 3 templates are in order\n");
    alter(desk.folder.path("data/gallery/gallery.db"), change);
    const { code, out, err } = await desk.run(["verify-store"]);
    assertEquals([code, out], [1, ""], change);
    assertMatch(err, message, change);
  }
});

Deno.test("verify-store finds a byte of a template that has changed on the disk", async () => {
  await using desk = await laptop();
  await desk.run(["import", LOCAL_PATHS.gallery]);
  const path = desk.folder.path("data/gallery/gallery.db");
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare("SELECT ciphertext FROM gallery_templates").all();
  database.close();
  const bytes = await Deno.readFile(path);
  // The middle of the second template.
  const part = (rows[1]!["ciphertext"] as Uint8Array).subarray(1100, 1132);
  const at = new TextDecoder("latin1").decode(bytes).indexOf(
    new TextDecoder("latin1").decode(part),
  );
  assert(at > 0);
  bytes[at]! ^= 1;
  await Deno.writeFile(path, bytes);
  const { code, err } = await desk.run(["verify-store"]);
  assertEquals(code, 1);
  assertMatch(err, /^The template \S+ of user "user2" in collection "default" is damaged\n$/);
});

/** Runs statements with a function that flips a bit in the middle of some bytes. */
function alter(path: string, statements: string): void {
  const database = new DatabaseSync(path);
  try {
    database.function("flipped", (bytes) => {
      const copy = (bytes as Uint8Array).slice();
      copy[copy.length >> 1]! ^= 1;
      return copy;
    });
    database.exec(`PRAGMA foreign_keys = OFF; ${statements}`);
  } finally {
    database.close();
  }
}

async function sha256Of(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}

/** Returns a gallery file with templates of one user. */
function gallery(entries: readonly object[], model?: string): string {
  return JSON.stringify({
    ...model !== undefined && { model_sha256: model },
    embeddings: entries.map((entry) => ({ user_id: "ada", name: "Ada", ...entry })),
  });
}
