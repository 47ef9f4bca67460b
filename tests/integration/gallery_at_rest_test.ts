// What a gallery that was filled over HTTP leaves on disks: docs/privacy.md.

import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { walk } from "../support/walk.ts";
import { createByteSearch, type Secrets } from "../support/byte_search.ts";
import { openLocalEmbedder } from "../support/embedded_people.ts";
import { type GalleryInstallation, installGallery } from "../support/gallery_service.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import { startPostgres } from "../support/postgres.ts";
import { embeddingForms, hexForm, textForms } from "../support/secret_forms.ts";
import { Service } from "../support/service.ts";
import { sha256 } from "../../shared/sha256.ts";

const USERS = ["user1", "user2", "user3"];
/** Names are stored as they are, so a search that works finds them. */
const nameOf = (user: string) => `A long name that a search can find: ${user}`;

/** Enrols the sample users over HTTP. Returns what no disk may have. */
async function enrolSamples(api: Service): Promise<Map<string, Uint8Array[]>> {
  await using embedder = await openLocalEmbedder();
  const secrets = new Map<string, Uint8Array[]>();
  for (const user of USERS) {
    const picture = await sample(`${user}.png`);
    const put = await api.get(`/users/${user}`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: nameOf(user) }),
    });
    assertEquals(put.status, 201, put.text);
    const added = await api.get(`/users/${user}/templates`, { method: "POST", body: picture });
    assertEquals(added.status, 201, added.text);
    const { embedding } = await embedder.embed(picture, { forTemplate: true });
    const digest = await sha256(picture);
    secrets.set(`embedding of ${user}`, embeddingForms(embedding));
    secrets.set(`picture of ${user}`, [picture]);
    secrets.set(`digest of ${user}'s photo`, [Uint8Array.fromHex(digest), ...textForms(digest)]);
  }
  const { status, text } = await api.post(await sample("user1_similar.png"));
  assertEquals([status, JSON.parse(text).user_id], [200, "user1"], text);
  return secrets;
}

/** Returns the names of the secrets in a text, or in any file of a folder. */
async function find(place: { folder: string } | { text: string }, secrets: Secrets) {
  const search = createByteSearch(secrets);
  if ("text" in place) search.search(new TextEncoder().encode(place.text));
  else for await (const path of walk(place.folder)) search.search(await Deno.readFile(path));
  return [...search.found].toSorted();
}

const names: Secrets = new Map(USERS.map((user) => [user, textForms(nameOf(user))]));
const remove = async (api: Service, user: string) =>
  assertEquals((await api.get(`/users/${user}`, { method: "DELETE" })).status, 204);

/** Starts a gallery service and an api. Disposing of the stack ends both. */
async function startBoth(installation: GalleryInstallation, started: AsyncDisposableStack) {
  const gallery = started.use(installation.start());
  await gallery.untilReady();
  const api = started.use(
    await Service.ready({ ...installation.apiEnv(gallery), POOL_SIZE: "1" }),
  );
  return { gallery, api };
}

Deno.test("no file of a SQLite gallery has a template, a picture or a photo's digest, and after a deletion not the ciphertext", async () => {
  await using installation = await installGallery();
  const { folder, env } = installation;
  await using started = new AsyncDisposableStack();
  const { gallery, api } = await startBoth(installation, started);
  const secrets = await enrolSamples(api);
  const here = { folder: folder.root };
  assertEquals(await find(here, secrets), []);
  assertEquals(await find(here, names), USERS);

  const ciphertexts: Secrets = new Map(USERS.map((user) => [user, ciphertextsOf(env, user)]));
  assertEquals(await find(here, ciphertexts), USERS);
  await remove(api, "user2");
  assertEquals(await find(here, ciphertexts), ["user1", "user3"]);
  // What a power failure would leave.
  gallery.kill("SIGKILL");
  await gallery.exitCode();
  assertEquals(await find(here, ciphertexts), ["user1", "user3"]);
  assertEquals(await find(here, secrets), []);
});

function ciphertextsOf(env: Readonly<Record<string, string>>, user: string): Uint8Array[] {
  using database = new DatabaseSync(`${env["GALLERY_STORE"]}/gallery.db`, { readOnly: true });
  const rows = database.prepare("SELECT ciphertext FROM gallery_templates WHERE user_id = ?")
    .all(user);
  assertEquals(rows.length, 1);
  return rows.map((row) => row["ciphertext"] as Uint8Array);
}

needs("postgres")(
  "a dump of a PostgreSQL gallery has no template, picture or photo's digest",
  async () => {
    await using server = await startPostgres();
    const url = await server.newDatabase();
    await using installation = await installGallery(url);
    await using started = new AsyncDisposableStack();
    const { api } = await startBoth(installation, started);
    const plain = await enrolSamples(api);
    // A dump writes bytes as hexadecimal digits.
    const secrets = new Map(
      [...plain].map(([name, forms]) => [name, [...forms, ...forms.map(hexForm)]]),
    );
    const rows = await server.query(url, "SELECT user_id, ciphertext FROM gallery_templates");
    const ciphertexts: Secrets = new Map(
      rows.map((row) => [row["user_id"] as string, [hexForm(row["ciphertext"] as Uint8Array)]]),
    );
    const before = { text: await server.dump(url) };
    assertEquals(await find(before, secrets), []);
    assertEquals(await find(before, names), USERS);
    assertEquals(await find(before, ciphertexts), USERS);
    await remove(api, "user2");
    assertEquals(await find({ text: await server.dump(url) }, ciphertexts), ["user1", "user3"]);

    // The files of the tables still have it, until the table is written anew.
    const [setting] = await server.query(url, "SHOW data_directory");
    const tables = { folder: `${setting!["data_directory"]}/base` };
    const inFiles: Secrets = new Map(
      rows.map((row) => [row["user_id"] as string, [row["ciphertext"] as Uint8Array]]),
    );
    await server.query(url, "CHECKPOINT");
    assertEquals(await find(tables, inFiles), USERS);
    assertEquals(await find(tables, plain), []);
    await server.query(url, "VACUUM FULL gallery_templates");
    await server.query(url, "CHECKPOINT");
    assertEquals(await find(tables, inFiles), ["user1", "user3"]);
  },
);
