// A restored backup does not bring back whom the service has deleted since.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { FakeCall } from "../../gallery/fake_caller.ts";
import { openStore } from "../../gallery/store/open_store.ts";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { CALLS, type GalleryInstallation, installGallery } from "../support/gallery_service.ts";
import { newTemplate } from "../support/gallery_store.ts";
import { parseTemplateKeys } from "../../shared/template_keys.ts";
import { readAnswer } from "../support/answer.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres.ts";
import { type CommandResult, runCommand } from "../support/run_command.ts";
import { runProgram } from "../support/run_program.ts";

const MODEL = MODEL_MANIFEST.models.recognition.small.sha256;

const add = (userId: string, seed: number) => {
  const { embedding, photo } = newTemplate(seed, 512);
  return CALLS.addTemplate(userId, embedding, { model: MODEL, photo_sha256: photo.toHex() });
};

const command = (
  { env }: GalleryInstallation,
  args: readonly string[],
  store = env["GALLERY_STORE"]!,
): Promise<CommandResult> =>
  runCommand("gallery/commands/main.ts", args, {
    env: { ...env, GALLERY_STORE: store },
    permissions: "gallery-command",
  });

interface ExpiringUser {
  readonly user_id: string;
  readonly expires_at: string | null;
}

const [SOONER, LATER] = [1, 2].map((days) =>
  new Date(Date.now() + days * 24 * 60 * 60 * 1000).toISOString()
) as [string, string];

/** Sets the time of expiry of a user who may have a consent. */
const expiring = (userId: string, at: string): FakeCall => {
  const fields = { name: "N", consent_ref: "c", expires_at: at };
  return CALLS.putUser(userId, fields, "expiring");
};

/** Returns lines as Docker stores them. */
const wrapped = (lines: readonly string[]): string =>
  lines.map((line) => `${JSON.stringify({ log: `${line}\n`, stream: "stderr" })}\n`).join("");

/** Makes a backup of the running service, and returns the function that restores it elsewhere. */
type Backup = () => Promise<() => Promise<string>>;

async function testRestore(gallery: GalleryInstallation, backup: Backup): Promise<void> {
  const log: string[] = [];
  let restore: () => Promise<string>;
  {
    await using service = gallery.start({ LOG_LEVEL: "error" });
    await service.untilReady();
    const call = async (...made: Parameters<GalleryInstallation["call"]>[1][]) => {
      for (const one of made) {
        const { status, text } = await gallery.call(service, one);
        assert(status < 300, `${status} ${text}`);
      }
    };
    const users = ["erased", "replaced", "kept", "partly"];
    for (const [i, user] of users.entries()) {
      await call(CALLS.putUser(user, { name: "N" }), add(user, i));
    }
    await call(CALLS.putUser("kept", { name: "N", consent_ref: "c" }, "other"));
    await call(
      expiring("left", LATER),
      expiring("leaving", LATER),
      CALLS.putUser("mortal", { name: "N", consent_ref: "c" }, "expiring"),
    );
    restore = await backup();
    // What happens after the backup.
    const { text } = await gallery.call(service, CALLS.about("get_user", "partly"));
    const [{ template_id: id }] = JSON.parse(text).templates;
    await call(
      CALLS.about("delete_user", "erased"),
      CALLS.about("delete_user", "replaced"),
      CALLS.putUser("replaced", { name: "Somebody else" }),
      add("replaced", 7),
      CALLS.deleteTemplate("partly", id),
      CALLS.putUser("new", { name: "New" }),
      expiring("leaving", SOONER),
      expiring("mortal", SOONER),
    );
    log.push(...service.lines);
  }
  {
    // A user has expired since, and was not purged.
    const keys = parseTemplateKeys(await Deno.readTextFile(gallery.env["TEMPLATE_KEYS_PATH"]!));
    await using store = await openStore(gallery.env["GALLERY_STORE"]!, { keys });
    await store.putUser({ collection: "expiring", userId: "left" }, {
      name: "N",
      consentRef: "c",
      expiresAt: Date.now() - 1,
    });
  }
  const marks = log.filter((line) => line.includes('"gallery_deletion"'));
  assertEquals(marks.length, 3, log.join("\n"));
  for (const line of marks) assert(!/erased|replaced|partly/.test(line), line);

  const probes = [0, 1, 2, 3].map((seed) => newTemplate(seed, 512).embedding);
  const recognised = async (store: string) => {
    await using service = gallery.start({ GALLERY_STORE: store });
    await service.untilReady();
    const found: unknown[] = [];
    for (const probe of probes) {
      const { text } = await gallery.call(service, CALLS.decide(probe, { model: MODEL }));
      found.push(JSON.parse(text).user_id ?? JSON.parse(text).user?.user_id ?? null);
    }
    // Every client can write this text into the log.
    const headers = { "X-Request-Id": "gallery_deletion" };
    const { status } = await readAnswer(fetch(new URL("/users", service.url), { headers }));
    assertEquals(status, 401);
    const { text } = await gallery.call(service, CALLS.list());
    const ids = JSON.parse(text).users.map((user: { user_id: string }) => user.user_id);
    const { text: others } = await gallery.call(service, CALLS.list("", "expiring"));
    const times = Object.fromEntries(
      JSON.parse(others).users.map((user: ExpiringUser) => [user.user_id, user.expires_at]),
    );
    log.push(...service.lines);
    return { found, ids, times };
  };

  // Without the procedure, everybody of the backup is there.
  assertEquals(await recognised(await restore()), {
    found: ["erased", "replaced", "kept", "partly"],
    ids: ["erased", "kept", "partly", "replaced"],
    times: { left: LATER, leaving: LATER, mortal: null },
  });

  assertStringIncludes(log.join("\n"), '"request_id":"gallery_deletion"');
  const path = await gallery.folder.write("log", `started\n${log.join("\n")}\n`);
  const expected = { found: [null, null, "kept", null], ids: ["kept", "partly"] };
  const sources = [
    // A log says nothing about a time of expiry that was changed after the backup.
    { source: ["--log", path], users: 2, times: { left: LATER, leaving: LATER, mortal: null } },
    {
      source: ["--log", await gallery.folder.write("collected", wrapped(log))],
      users: 2,
      times: { left: LATER, leaving: LATER, mortal: null },
    },
    {
      source: ["--before", gallery.env["GALLERY_STORE"]!],
      users: 3,
      times: { leaving: SOONER, mortal: SOONER },
    },
  ];
  for (const { source, users, times } of sources) {
    const restored = await restore();
    const first = await command(gallery, ["forget", ...source], restored);
    assertEquals(first.code, 0, first.err);
    assertStringIncludes(first.out, `Deleted ${users} users and 1 templates of other users again`);
    if (source[0] === "--log") assertMatch(first.out, / has 3 deletions of this gallery, from /);
    const again = await command(gallery, ["forget", ...source], restored);
    assertMatch(again.out, /^Deleted 0 users and 0 templates /m);
    assertEquals(await recognised(restored), { ...expected, times }, source[0]);
  }

  // The log and the store of another gallery delete nobody.
  await using other = await installGallery();
  {
    await using service = other.start();
    await service.untilReady();
    await other.call(service, CALLS.putUser("kept", { name: "N" }));
  }
  const foreign = await command(other, ["forget", "--log", path]);
  assertMatch(
    foreign.out,
    / has 0 deletions of this gallery, and 3 of other galleries\nDeleted 0 /,
  );
  const fromOther = ["forget", "--before", other.env["GALLERY_STORE"]!];
  const locked = await command(gallery, fromOther, await restore());
  assertMatch(locked.err, /^No template key fits the store from before\./);
  const keys = await Deno.readTextFile(other.env["TEMPLATE_KEYS_PATH"]!);
  await gallery.folder.write(
    "template-keys",
    `${await Deno.readTextFile(gallery.env["TEMPLATE_KEYS_PATH"]!)}\n${keys}`,
  );
  const restored = await restore();
  const mixed = await command(gallery, fromOther, restored);
  assertEquals([mixed.code, mixed.out], [1, ""]);
  assertMatch(mixed.err, /is another gallery, so nothing is deleted/);
}

Deno.test("a restored copy of SQLite does not bring back whom the service has deleted since", async () => {
  await using gallery = await installGallery();
  const copy = gallery.folder.path("backup");
  let restored = 0;
  await testRestore(gallery, async () => {
    assertEquals((await command(gallery, ["backup", copy])).code, 0);
    return async () => {
      const folder = gallery.folder.path(`restored-${restored++}`);
      await Deno.mkdir(folder);
      await Deno.copyFile(`${copy}/gallery.db`, `${folder}/gallery.db`);
      return folder;
    };
  });
});

needs("postgres")(
  "a restored dump of PostgreSQL does not bring back whom the service has deleted since",
  async () => {
    await using server = await startPostgres();
    const url = await server.newDatabase();
    await using gallery = await installGallery(url);
    const dump = gallery.folder.path("gallery.dump");
    const program = (name: string) => `${Deno.env.get("FACE_IT_POSTGRES_BIN")}/${name}`;
    const run = async (name: string, ...args: string[]) => {
      const { ok, text } = await runProgram(program(name), args);
      assert(ok, text);
    };
    await testRestore(gallery, async () => {
      await run("pg_dump", "--format=custom", "--no-owner", `--file=${dump}`, url);
      return async () => {
        const restored = await server.newDatabase();
        await run("pg_restore", "--no-owner", `--dbname=${restored}`, dump);
        return restored;
      };
    });
  },
);
