/** Runs the commands of docs/operations.md and docs/upgrade.md that need no cluster. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { openStore } from "../../gallery/store/open_store.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { postTo } from "../support/answer.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import { startPostgres } from "../support/postgres.ts";
import { sectionCommands } from "../support/readme_commands.ts";
import { openReadmeShell, type ReadmeShell } from "../support/readme_shell.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const PAGE = "docs/operations.md";
const START = "deno task start";

Deno.test("on one machine with SQLite, a restored backup has everything of its moment but who was deleted since", async () => {
  await using folder = await temporaryFolder();
  await using shell = await openReadmeShell(folder.root);
  let before: unknown;
  {
    await using _service = await shell.serve(START);
    await enrolAda(shell);
    before = await everything(shell);
    await runSection(shell, "### Back up SQLite");
    await changeUsers(shell, before);
  }
  await replaceTemplateKey(shell);
  await runSection(shell, "### Restore SQLite");
  await using _service = await shell.serve(START);
  assertEquals(await everything(shell), withoutUser1(before));
  assertEquals(await recognise(shell), [undefined, "ada"]);
});

Deno.test("a backup that was cut off on its way does not pass the check", async () => {
  await using folder = await temporaryFolder();
  await using shell = await openReadmeShell(folder.root);
  {
    await using _service = await shell.serve(START);
  }
  const [backup, copyKeys, check, ...others] = await sectionCommands(PAGE, "### Back up SQLite");
  assertEquals(others, []);
  await shell.run(backup!);
  await shell.run(copyKeys!);
  assertMatch(await shell.run(check!), /^3 users and 3 templates are in order$/m);
  await shell.run("truncate --size=-4096 FOLDER/gallery.db");
  await assertRejects(() => shell.run(check!), Error, "exit code 1");
});

needs("postgres")(
  "users move from SQLite to PostgreSQL, and a restored dump has all but who was deleted since",
  async () => {
    await using server = await startPostgres();
    await using folder = await temporaryFolder();
    await using shell = await openReadmeShell(folder.root, {
      others: [
        [/\bDATABASE_URL\b/g, await server.newDatabase()],
        [/\bLOG\b/g, folder.path("log")],
      ],
      programs: [Deno.env.get("FACE_IT_POSTGRES_BIN")!],
    });
    const [start] = await sectionCommands(PAGE, "## On one machine, with PostgreSQL");
    let moved: unknown;
    {
      await using _service = await shell.serve(START);
      await enrolAda(shell);
      moved = withoutTimes(await everything(shell));
    }
    const move = await sectionCommands(PAGE, "### Move from SQLite to PostgreSQL");
    await runAll(shell, move.filter((line) => !/^rm /.test(line)));

    let before: unknown;
    {
      await using _service = await shell.serve(`${start} 2>> LOG`);
      assertEquals(withoutTimes(await everything(shell)), moved);
      await shell.run(`curl -X DELETE ${shell.url}users/user2`);
      // Somebody imports the same file again.
      const repeated = move.find((line) => /gallery import/.test(line));
      assertMatch(await shell.run(repeated!), /^Imported 0 users/m);
      before = await everything(shell);
      assertEquals(Object.keys(before as object), ["ada", "user1", "user3"]);
      await runSection(shell, "### Back up PostgreSQL");
      await changeUsers(shell, before);
    }
    await runAll(shell, move.filter((line) => /^rm /.test(line)));
    await runSection(shell, "### Restore PostgreSQL");
    await using _service = await shell.serve(start!);
    assertEquals(await everything(shell), withoutUser1(before));
    assertEquals(await recognise(shell), [undefined, "ada"]);
  },
);

Deno.test("a gallery file moves into the service, and who was deleted since does not come back", async () => {
  await using folder = await temporaryFolder();
  await using shell = await openReadmeShell(folder.root);
  await Deno.copyFile(LOCAL_PATHS.gallery, shell.gallery);
  const [move, start, ...others] = await sectionCommands("docs/upgrade.md", "## On one machine");
  assertEquals([start, others], [START, []]);
  assertMatch(await shell.run(move!), /^Imported 3 users; 3 templates are new$/m);
  {
    await using _service = await shell.serve(start!);
    assertEquals(await recognise(shell), ["user1", undefined]);
    await shell.run(`curl -X DELETE ${shell.url}users/user1`);
  }
  assertMatch(await shell.run(move!), /^Imported 0 users; 0 templates are new$/m);
  await using _service = await shell.serve(start!);
  assertEquals(await recognise(shell), [undefined, undefined]);
});

/** Enrols a user whose picture is not one of the sample people. */
async function enrolAda({ run, url }: ReadmeShell): Promise<void> {
  await run(`curl -X PUT --json '{"name": "Ada", "consent_ref": "consent-1"}' ${url}users/ada`);
  await run(`curl --data-binary @test-data/different.png ${url}users/ada/templates`);
}

/** Deletes a user, changes another one, and adds a third one: nothing stays as it was. */
async function changeUsers(shell: ReadmeShell, before: unknown): Promise<void> {
  const { run, url } = shell;
  await run(`curl -X DELETE ${url}users/user1`);
  await run(`curl -X PUT --json '{"name": "Grace"}' ${url}users/ada`);
  await run(`curl -X PUT --json '{"name": "Bob"}' ${url}users/bob`);
  const after = await everything(shell);
  assert(JSON.stringify(after) !== JSON.stringify(before));
  assertEquals((await recognise(shell))[0], undefined);
}

/** Replaces the key of a service that has ended. The store then has nothing of the key before. */
async function replaceTemplateKey({ run }: ReadmeShell): Promise<void> {
  const paths = await run("echo data/gallery data/template-keys");
  const [folder, file] = paths.trim().split(" ") as [string, string];
  const key = makeTemplateKey();
  const keys = parseTemplateKeys(key + await Deno.readTextFile(file));
  await using store = await openStore(folder, { keys });
  while (await store.reencrypt(100) > 0);
  await Deno.writeTextFile(file, key);
}

/** Leaves out the user that {@linkcode changeUsers} deletes. */
function withoutUser1(users: unknown): unknown {
  const { user1, ...others } = users as Record<string, unknown>;
  assert(user1 !== undefined);
  return others;
}

/** Returns all that the service tells about each user, by user_id. */
async function everything({ run, url }: ReadmeShell): Promise<Record<string, unknown>> {
  const { users } = JSON.parse(await run(`curl ${url}users`)) as { users: { user_id: string }[] };
  const read = users.map(async ({ user_id: id }) =>
    [id, JSON.parse(await run(`curl ${url}users/${id}/export`))] as const
  );
  return Object.fromEntries(await Promise.all(read));
}

/** Leaves out what a move to another store makes new: times, and the ids of templates. */
function withoutTimes(users: unknown): unknown {
  return JSON.parse(
    JSON.stringify(
      users,
      (key, value) => /_at$|^template_id$/.test(key) && key !== "expires_at" ? undefined : value,
    ),
  );
}

/** Returns the user_ids that two pictures get. */
async function recognise({ url }: ReadmeShell): Promise<(string | undefined)[]> {
  const ids = [];
  for (const picture of ["user1_similar.png", "different.png"]) {
    const { text } = await postTo(url, await sample(picture));
    ids.push((JSON.parse(text) as { user_id?: string }).user_id);
  }
  return ids;
}

async function runSection(shell: ReadmeShell, heading: string): Promise<void> {
  const commands = await sectionCommands(PAGE, heading);
  assert(commands.length > 0, heading);
  await runAll(shell, commands);
}

async function runAll(shell: ReadmeShell, commands: readonly string[]): Promise<void> {
  for (const command of commands) await shell.run(command);
}
