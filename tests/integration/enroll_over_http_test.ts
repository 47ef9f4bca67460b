// The command `deno task enroll --to URL`, with the real service.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { keysFile, makeKey, serviceWithKeys } from "../support/api_keys.ts";
import { ROOT } from "../support/checkout.ts";
import { eventually } from "../support/eventually.ts";
import { linkPhotos } from "../support/link_photos.ts";
import { needs } from "../support/needs.ts";
import { gray, sample } from "../support/pictures.ts";
import { type CommandResult, runCommand } from "../support/run_command.ts";
import { Service } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const PROGRAM = "worker/commands/enroll/main.ts";
const PERMISSIONS = "enroll";
/** Workers that are used often, so that the tests take less time. */
const OFTEN = { GALLERY_MODE: "service", REQUESTS_PER_WORKER: "1000" };

const enroll = (...args: readonly string[]): Promise<CommandResult> =>
  runCommand(PROGRAM, args, { permissions: PERMISSIONS });

/** Makes a service with a key that may enrol and one that may do everything, and their files. */
async function setUp() {
  await using made = new AsyncDisposableStack();
  const [enrol, admin] = [await makeKey("--scope", "enrol"), await makeKey("--scope", "admin")];
  const folder = made.use(
    await temporaryFolder({
      "keys.json": keysFile(enrol.entry, admin.entry),
      enrol: `${enrol.key}\n`,
      admin: admin.key,
    }),
  );
  for (const name of ["enrol", "admin"]) await Deno.chmod(folder.path(name), 0o600);
  const service = made.use(await serviceWithKeys(folder.path("keys.json"), folder.root, OFTEN));
  const all = made.move();
  return {
    service,
    folder,
    headers: { Authorization: `Bearer ${admin.key}` },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Statuses of the photos that the service has answered, by status. */
const photoAnswers = ({ log }: Service): Record<string, number> => {
  const photos = log.filter(({ method, path }) =>
    method === "POST" && `${path}`.endsWith("/templates")
  );
  return Object.fromEntries(
    Map.groupBy(photos, ({ status }) => `${status}`).entries().map(([key, { length }]) => [
      key,
      length,
    ]),
  );
};

needs("photos")(
  "a run that is killed twice goes on: no photo is enrolled twice, and none is missing",
  async () => {
    await using made = await setUp();
    const { service, folder, headers } = made;
    await using photos = await linkPhotos(Deno.env.get("FACE_IT_LFW100")!, 6, 10);
    const journal = photos.path(".face-it-enrolled");
    const args = ["--to", service.url.origin, "--from", photos.root];
    const lines = async () =>
      (await Deno.readTextFile(journal).catch(() => "")).split("\n").length - 2;

    for (const accepted of [12, 31]) {
      await using child = new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "-q", `-P=${PERMISSIONS}`, PROGRAM],
          ...[...args, "--key-file", folder.path("enrol")],
        ],
        cwd: ROOT,
        stdout: "null",
        stderr: "null",
      }).spawn();
      await eventually(async () => await lines() >= accepted, `${accepted} photos are enrolled`);
      child.kill("SIGKILL");
      assertEquals((await child.status).signal, "SIGKILL");
    }
    const { code, out, err } = await enroll(...args, "--key-file", folder.path("enrol"));
    const refused = err.split("\n").filter((line) => line.startsWith("refused"));
    assertEquals(code, 0, err);
    assertMatch(out, /6 users, \d+ new templates?, \d+ photos enrolled before/);
    assert(refused.every((line) => /^refused {2}\S+\/\S+\.jpg {2}[a-z_]+: [A-Z]/.test(line)), err);

    let templates = 0;
    for (const { name } of Deno.readDirSync(photos.root)) {
      if (name.startsWith(".")) continue;
      const { text } = await service.get(`/users/${name}`, { headers });
      const user = JSON.parse(text);
      assertEquals(user.name, name.replaceAll("_", " "));
      assert(user.templates.length > 0, name);
      templates += user.templates.length;
    }
    assertEquals(templates + refused.length, 60);
    const answers = photoAnswers(service);
    assertEquals(answers["201"], templates);
    // A photo that was on its way when the command was killed.
    assert((answers["200"] ?? 0) <= 2, JSON.stringify(answers));
    assertEquals(await lines() - (answers["200"] ?? 0) <= templates, true);

    // With the other key, the command asks what the service has.
    const admin = [...args, "--key-file", folder.path("admin")];
    const [, gone] = (await Array.fromAsync(Deno.readDir(photos.root), ({ name }) => name))
      .filter((name) => !name.startsWith(".")).toSorted();
    await service.get(`/users/${gone}`, { method: "DELETE", headers });
    assertEquals((await enroll(...admin)).code, 0);
    const { "201": added } = photoAnswers(service);
    assert(added! > templates && added! <= templates + 10, `${added} of ${templates}`);
    assertEquals((await service.get(`/users/${gone}`, { headers })).status, 200);
  },
);

Deno.test("refused photos are reported, and a person without a template is a failure", async () => {
  await using made = await setUp();
  const { service, folder } = made;
  await folder.write("people/ada/1.png", await sample("different.png"));
  await folder.write("people/ada/2.png", await sample("user2.png"));
  await folder.write("people/nobody/1.png", await gray(400, 400));
  await folder.write("people/notes.txt", "no picture");
  // A folder on a disk that is not there.
  await Deno.symlink(folder.path("gone"), folder.path("people/lost"));
  const people = folder.path("people");
  const args = ["--to", service.url.origin, "--from", people];
  const { code, out, err } = await enroll(...args, "--key-file", folder.path("enrol"));
  assertEquals(err.split("\n").slice(2, -1), [
    `skipped  ${join(people, "notes.txt")}  not_a_photo`,
    `refused  ${join(people, "lost")}  unreadable`,
    `refused  ${join(people, "ada/2.png")}  not_the_same_person: ` +
    "The face does not resemble the user's other templates",
    `refused  ${join(people, "nobody/1.png")}  no_face: No face was found in the picture`,
    "No template, because no photo was accepted: nobody, lost",
  ]);
  assertEquals([code, out], [
    1,
    `${service.url.origin}: 3 users, 1 new template; 3 photos refused\n`,
  ]);

  // Nothing is sent when a name cannot be a user's.
  const requests = service.log.length;
  for (const name of ["_", "__", "a\nb"]) await Deno.mkdir(join(people, name));
  const refused = await enroll(...args, "--key-file", folder.path("enrol"));
  assertEquals([refused.code, refused.err], [
    1,
    'Rename the folders that cannot be users: "_" (The name is empty), "__" (The name is empty), ' +
    '"a\\nb" (The user_id "a\\nb" has control characters)\n',
  ]);
  assertEquals(service.log.length, requests);
});

Deno.test("a key or a service that does not fit is explained in one line", async () => {
  const stranger = await makeKey("--scope", "admin");
  const verify = await makeKey("--scope", "verify");
  await using folder = await temporaryFolder({
    "keys.json": keysFile(verify.entry),
    stranger: stranger.key,
    verify: verify.key,
    open: stranger.key,
    "people/ada/1.png": await sample("different.png"),
  });
  for (const name of ["stranger", "verify"]) await Deno.chmod(folder.path(name), 0o600);
  await Deno.chmod(folder.path("open"), 0o644);
  const fails = async (origin: string, key: string | undefined, text: string) => {
    const keyFile = key === undefined ? [] : ["--key-file", folder.path(key)];
    const from = ["--from", folder.path("people")];
    const { code, out, err } = await enroll("--to", origin, ...from, ...keyFile);
    const line = err.split("\n").filter((line) => !line.startsWith("Enrolling: "));
    assertEquals([code, out, line.length], [1, "", 2], err);
    assertStringIncludes(line[0]!, text);
    assert(!err.includes(stranger.key.split("_")[2]!), err);
  };
  let origin;
  {
    await using service = await serviceWithKeys(folder.path("keys.json"), folder.root, OFTEN);
    origin = service.url.origin;
    await fails(origin, undefined, "asks for a key: give one with --key-file");
    await fails(origin, "stranger", "does not accept the key");
    await fails(origin, "verify", "it needs the scope enrol or admin");
    await fails(origin, "open", "run chmod 600 first");
    assertEquals(photoAnswers(service), { "403": 1 });
  }
  await fails(origin, "verify", "check the URL, and that the service runs");
  await using held = await Service.ready();
  await fails(held.url.origin, undefined, "use --gallery FILE instead of --to URL");
});

Deno.test("one person is enrolled with a key from standard input, and no proxy sees the photo", async () => {
  await using made = await setUp();
  const { service, folder, headers } = made;
  using proxy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let asked = 0;
  const asking = (async () => {
    for await (const connection of proxy) {
      asked++;
      connection.close();
    }
  })();
  const address = `http://127.0.0.1:${proxy.addr.port}`;
  const photo = await folder.write("1.png", await sample("different.png"));
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["task", "-q", "enroll", "--to", service.url.origin, "--key-file", "-"],
      ...["--user-id", "a/b", "--name", "Ada", photo],
    ],
    cwd: ROOT,
    env: { HTTP_PROXY: address, http_proxy: address, ALL_PROXY: address, all_proxy: address },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(await Deno.readFile(folder.path("admin")));
  await writer.close();
  const { code, stderr } = await child.output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  proxy.close();
  await asking;
  assertEquals(asked, 0);
  const user = JSON.parse((await service.get("/users/a%2Fb", { headers })).text);
  assertEquals([user.name, user.templates.length], ["Ada", 1]);
});

Deno.test("a standard input without an end is not read to its end", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", `-P=${PERMISSIONS}`, PROGRAM, "--to", "http://localhost:1"],
      ...["--key-file", "-", "--user-id", "ada", "--name", "Ada", "photo"],
    ],
    cwd: ROOT,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const part = new Uint8Array(64 * 1024).fill(0x61);
  let written = 0;
  // The pipe breaks when the command ends.
  const broken = (async () => {
    for (; written < 2000; written++) await writer.write(part);
    await writer.close();
  })();
  await Promise.allSettled([broken]);
  const { code, stderr } = await child.output();
  assertEquals([code, new TextDecoder().decode(stderr)], [
    1,
    "Standard input has more than 16384 bytes\n",
  ]);
  assert(written < 2000, `${written} parts were read`);
});

Deno.test("photos for a file cannot leave the process, and photos for a service meet no native code", async () => {
  await using folder = await temporaryFolder({
    "print.ts": `addEventListener("unload", () => {
      const state = (name) => Deno.permissions.querySync({ name }).state;
      console.error(state("net"), state("ffi"));
    });`,
  });
  const statesOf = async (...args: readonly string[]) => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-q", `-P=${PERMISSIONS}`, `--preload=${folder.path("print.ts")}`, PROGRAM],
        ...args,
        "--help",
      ],
      cwd: ROOT,
    }).output();
    assertEquals(code, 0);
    return new TextDecoder().decode(stderr).trim();
  };
  // "prompt": the process has given the permission back.
  assertEquals(await statesOf("--gallery", "g.json"), "prompt granted");
  assertEquals(await statesOf("--to", "http://localhost:8080"), "granted prompt");
});
