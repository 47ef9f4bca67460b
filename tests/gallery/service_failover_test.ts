// Tests that replicas follow the database, also to a state that is older than what they hold.

import { assertEquals } from "@std/assert";
import { face, faceNear, MODEL, photo } from "../../gallery/fake_faces.ts";
import type { FakeCall } from "../../gallery/fake_caller.ts";
import { eventually } from "../support/eventually.ts";
import { CALLS, type GalleryInstallation, installGallery } from "../support/gallery_service.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres.ts";
import type { Service } from "../support/service.ts";

const ENV = { MATCH_ON: "cosine", MATCH_THRESHOLD: "0.5" };

/** Returns the user_id of a decision; null when nobody matches; of other calls the status. */
async function ask(
  gallery: GalleryInstallation,
  service: Service,
  call: FakeCall,
): Promise<unknown> {
  const { status, text } = await gallery.call(service, call);
  if (call.claims.purpose !== "decide" || status !== 200) return status;
  return JSON.parse(text).user_id ?? null;
}

async function enrol(gallery: GalleryInstallation, service: Service, person: number) {
  const id = `user${person}`;
  assertEquals(await ask(gallery, service, CALLS.putUser(id, { name: id })), 201);
  const add = CALLS.addTemplate(id, face(person), photo(person));
  assertEquals(await ask(gallery, service, add), 201);
}

const decide = (person: number) => CALLS.decide(faceNear({ [person]: 0.9 }), { model: MODEL });

needs("postgres")(
  "after a failover that loses changes, no replica knows what was lost",
  async () => {
    await using server = await startPostgres();
    const primary = await server.newDatabase();
    await using standby = await server.startStandby();
    const { port, pathname } = new URL(primary);
    const alone = `postgres://face_it@127.0.0.1:${standby.port}${pathname}`;
    const both = `postgres://face_it@127.0.0.1:${port},127.0.0.1:${standby.port}${pathname}`;
    await using gallery = await installGallery(both);
    await using a = gallery.start(ENV);
    await using b = gallery.start(ENV);
    const replicas = [a, b];
    await Promise.all(replicas.map((service) => service.untilReady()));
    await enrol(gallery, a, 1);
    await eventually(
      async () =>
        (await server.query(alone, "SELECT n FROM gallery_change_number"))[0]?.["n"] === "2",
      "the standby has the first user",
    );
    // The standby copies nothing more.
    await server.query(alone, "ALTER SYSTEM SET primary_conninfo = ''");
    await server.query(alone, "SELECT pg_reload_conf()");
    await eventually(
      async () => (await server.query(alone, "SELECT 1 FROM pg_stat_wal_receiver")).length === 0,
      "the standby has stopped to copy",
    );
    await enrol(gallery, b, 2);
    assertEquals(await ask(gallery, a, CALLS.about("delete_user", "user1")), 204);
    for (const service of replicas) {
      assertEquals(await ask(gallery, service, decide(1)), null);
      assertEquals(await ask(gallery, service, decide(2)), "user2");
    }
    await server.kill();
    assertEquals(await ask(gallery, a, decide(2)), 503);
    await standby.promote();
    await eventually(
      async () => await ask(gallery, a, decide(0)) === null,
      "a replica has found the new primary",
    );
    // The database has user1 and not user2. New changes take the numbers of the lost ones.
    for (const id of ["other1", "other2", "other3", "other4"]) {
      assertEquals(await ask(gallery, a, CALLS.putUser(id, { name: id })), 201);
    }
    for (const service of replicas) {
      await service.untilReady();
      assertEquals(await ask(gallery, service, decide(2)), null);
      assertEquals(await ask(gallery, service, decide(1)), "user1");
    }
    assertEquals(await ask(gallery, a, CALLS.about("delete_user", "user1")), 204);
    assertEquals(await ask(gallery, b, decide(1)), null);
  },
);

Deno.test("a service whose files are those of an older backup knows what the backup knows", async () => {
  await using gallery = await installGallery();
  const { folder, env } = gallery;
  const data = env["GALLERY_STORE"]!;
  const copy = async (from: string, to: string) => {
    await Deno.mkdir(to, { recursive: true });
    for await (const { name } of Deno.readDir(from)) {
      await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
    }
  };
  {
    await using service = gallery.start(ENV);
    await service.untilReady();
    await enrol(gallery, service, 1);
  }
  await copy(data, folder.path("backup"));
  {
    await using service = gallery.start(ENV);
    await service.untilReady();
    await enrol(gallery, service, 2);
    assertEquals(await ask(gallery, service, CALLS.about("delete_user", "user1")), 204);
  }
  await Deno.remove(data, { recursive: true });
  await copy(folder.path("backup"), data);
  await using service = gallery.start(ENV);
  await service.untilReady();
  assertEquals(await ask(gallery, service, decide(1)), "user1");
  assertEquals(await ask(gallery, service, decide(2)), null);
  assertEquals(await ask(gallery, service, CALLS.about("delete_user", "user1")), 204);
  assertEquals(await ask(gallery, service, decide(1)), null);
});

needs("postgres")(
  "running replicas whose database is replaced by an older dump know what the dump knows",
  async () => {
    await using server = await startPostgres();
    const url = await server.newDatabase();
    await using gallery = await installGallery(url);
    await using a = gallery.start(ENV);
    await using b = gallery.start(ENV);
    const replicas = [a, b];
    await Promise.all(replicas.map((service) => service.untilReady()));
    for (const person of [1, 3]) await enrol(gallery, a, person);
    assertEquals(await ask(gallery, b, CALLS.about("delete_user", "user3")), 204);
    const dump = await server.dump(url);
    await enrol(gallery, b, 2);
    assertEquals(await ask(gallery, a, CALLS.about("delete_user", "user1")), 204);
    for (const service of replicas) {
      assertEquals(await ask(gallery, service, decide(1)), null);
      assertEquals(await ask(gallery, service, decide(2)), "user2");
    }
    await server.restore(url, dump);
    // New changes take the numbers of the lost ones.
    for (const id of ["other1", "other2", "other3"]) {
      assertEquals(await ask(gallery, b, CALLS.putUser(id, { name: id })), 201);
    }
    const named = async () => {
      const people = [1, 2, 3].map(decide);
      return await Promise.all(
        replicas.map((service) => Promise.all(people.map((call) => ask(gallery, service, call)))),
      );
    };
    assertEquals(await named(), replicas.map(() => ["user1", null, null]));
    assertEquals(await ask(gallery, a, CALLS.about("delete_user", "user1")), 204);
    assertEquals(await named(), replicas.map(() => [null, null, null]));
  },
);
