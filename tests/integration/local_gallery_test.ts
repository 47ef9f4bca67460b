// The gallery service as a process of the api: docs/enrolment.md.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { localGalleryCommand } from "../../api/gallery/local_gallery_command.ts";
import { startProcess } from "../../shared/process/start_process.ts";
import { openStore } from "../../gallery/store/open_store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import { forever } from "../support/forever.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres.ts";
import { UserPageSchema } from "../../shared/contract/users.ts";
import type { Answer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { eventually } from "../support/eventually.ts";
import { sample, slowPicture } from "../support/pictures.ts";
import { listProcesses } from "../support/list_processes.ts";
import { assertRefusesToStart } from "../support/refuses_to_start.ts";
import { runCommand } from "../support/run_command.ts";
import { Service } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const users = async (service: Service): Promise<string[]> =>
  UserPageSchema.parse(JSON.parse((await service.get("/users")).text)).users
    .map(({ user_id }) => user_id);

const put = (service: Service, userId: string): Promise<Answer> =>
  service.get(`/users/${userId}`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: "Ada" }),
  });

const remove = (service: Service, userId: string): Promise<Answer> =>
  service.get(`/users/${userId}`, { method: "DELETE" });

/** Returns the user of the second sample picture of user1; undefined when nobody matches. */
async function recognise(service: Service): Promise<string | undefined> {
  const { status, text } = await service.post(await sample("user1_similar.png"));
  assertEquals(status, 200, text);
  return JSON.parse(text).user_id;
}

Deno.test("the first start has the sample people, and later starts keep what was changed", async () => {
  await using folder = await temporaryFolder();
  const env = { DATA_DIR: folder.path("data") };
  {
    await using service = await Service.ready(env);
    assertEquals(await users(service), ["user1", "user2", "user3"]);
    assertEquals(await recognise(service), "user1");
    assertEquals((await put(service, "ada")).status, 201);
    assertEquals((await remove(service, "user1")).status, 204);
    assertEquals(await recognise(service), undefined);
  }
  const keys = await Deno.readTextFile(folder.path("data/template-keys"));
  assertEquals((await Deno.stat(folder.path("data/template-keys"))).mode! & 0o777, 0o600);
  assertEquals((await Deno.stat(folder.path("data"))).mode! & 0o777, 0o700);
  {
    await using service = await Service.ready(env);
    assertEquals(await users(service), ["ada", "user2", "user3"]);
    assertEquals(await recognise(service), undefined);
  }
  assertEquals(await Deno.readTextFile(folder.path("data/template-keys")), keys);
});

Deno.test("with REQUIRE_CONSENT there are no sample people: they have given no consent", async () => {
  await using folder = await temporaryFolder();
  const env = { DATA_DIR: folder.path("data"), REQUIRE_CONSENT: "true" };
  await using service = await Service.ready(env);
  assertEquals(await users(service), []);
});

Deno.test("a user that is enrolled over HTTP is recognised after a restart", async () => {
  await using folder = await temporaryFolder();
  const env = { DATA_DIR: folder.path("data") };
  {
    await using service = await Service.ready(env);
    await remove(service, "user1");
    await put(service, "ada");
    const added = await service.get("/users/ada/templates", {
      method: "POST",
      body: await sample("user1.png") as Uint8Array<ArrayBuffer>,
    });
    assertEquals(added.status, 201, added.text);
    assertEquals(await recognise(service), "ada");
  }
  await using service = await Service.ready(env);
  assertEquals(await recognise(service), "ada");
});

Deno.test("when the gallery is killed, requests get 503 with a time to retry, and nothing acknowledged is lost", async () => {
  await using service = await Service.ready({ GALLERY_MODE: "service" });
  for (let kill = 1; kill <= 2; kill++) {
    assertEquals((await put(service, `ada${kill}`)).status, 201);
    const pid = (await service.gallery())!;
    Deno.kill(pid, "SIGKILL");
    let refused: Answer | undefined;
    await eventually(async () => {
      const answer = await service.get("/users");
      if (answer.status === 200) {
        // The process that answers is another one.
        return refused !== undefined || await service.gallery() !== pid;
      }
      refused = answer;
      assertProblem(answer, "gallery_unavailable");
      assert(Number(answer.headers.get("Retry-After")) > 0);
      return false;
    }, "the gallery answers again");
    assert((await service.gallery()) !== pid);
    assert((await users(service)).includes(`ada${kill}`));
    assertEquals(await recognise(service), "user1");
  }
  assert(service.log.some(({ msg }) => msg === "the gallery has ended, starting it again"));
});

Deno.test("no gallery process is left when the api is killed", async () => {
  await using service = new Service({}, ["run", "-q", "-P=api-local", "api/main.ts"]);
  await service.untilReady();
  const pid = (await service.gallery())!;
  assert((await listProcesses()).some((process) => process.pid === pid));
  service.kill("SIGKILL");
  assert(await service.exitCode() !== 0);
  await service.leavesNothing();
});

Deno.test("requests that were accepted before the shutdown still get their decisions", async () => {
  await using service = await Service.ready({
    GALLERY_MODE: "service",
    REQUEST_TIMEOUT_MS: "60000",
  });
  await service.untilFull();
  const picture = await slowPicture();
  const gallery = (await service.gallery())!;
  const workers = await service.workers();
  const answers = workers.map(() => service.post(picture));
  await eventually(
    async () => await service.metric("face_it_pool_busy") === workers.length,
    "the gallery allows the attempts, and the workers have the pictures",
  );
  // The decisions wait until the shutdown has begun.
  Deno.kill(gallery, "SIGSTOP");
  await eventually(async () => {
    const running = await service.workers();
    return workers.every((pid) => !running.includes(pid));
  }, "the workers have answered and are destroyed");
  service.kill("SIGTERM");
  await eventually(
    () => service.log.some(({ msg }) => msg === "shutting down"),
    "the shutdown has begun",
  );
  Deno.kill(gallery, "SIGCONT");
  for (const { status, text } of await Promise.all(answers)) {
    assertEquals([status, JSON.parse(text).user_id], [200, "user1"]);
  }
  assertEquals(await service.exitCode(), 0);
});

Deno.test("lost template keys stop the start with one line that says what to do", async () => {
  await using folder = await temporaryFolder();
  const env = { DATA_DIR: folder.path("data") };
  {
    await using _service = await Service.ready(env);
  }
  await Deno.rename(folder.path("data/template-keys"), folder.path("keys"));
  const service = new Service(env);
  assertEquals(await service.exitCode(), 1);
  const lines = service.lines.filter((line) => !line.startsWith("{"));
  assertEquals(lines.length, 1, service.lines.join("\n"));
  assertMatch(lines[0]!, /^The template keys \S+ are missing, .* Put the keys back from a backup/);
  await service[Symbol.asyncDispose]();
  await Deno.rename(folder.path("keys"), folder.path("data/template-keys"));
  await using again = await Service.ready(env);
  assertEquals((await users(again)).length, 3);
});

Deno.test("two services cannot have the same data", async () => {
  await using folder = await temporaryFolder();
  const env = { DATA_DIR: folder.path("data") };
  await using _first = await Service.ready(env);
  const second = new Service(env);
  assertEquals(await second.exitCode(), 1);
  assertStringIncludes(second.lines.join("\n"), "is used by another process: only one may use it");
  await second[Symbol.asyncDispose]();
});

Deno.test("a backup of a running service holds its users", async () => {
  await using folder = await temporaryFolder();
  const env = { DATA_DIR: folder.path("data") };
  await using service = await Service.ready(env);
  await put(service, "ada");
  const options = { env, permissions: "gallery-command" };
  const main = "gallery/commands/main.ts";
  const { code, err } = await runCommand(main, ["backup", folder.path("copy/gallery")], options);
  assertEquals(code, 0, err);
  assertEquals((await runCommand(main, ["verify-store"], options)).code, 1);
  await Deno.copyFile(folder.path("data/template-keys"), folder.path("copy/template-keys"));
  await using restored = await Service.ready({ DATA_DIR: folder.path("copy") });
  assertEquals(await users(restored), ["ada", "user1", "user2", "user3"]);
  assertEquals(await recognise(restored), "user1");
});

Deno.test("a first start that is killed at any moment is completed by the next one", async () => {
  const moments: readonly ((data: string) => boolean)[] = [
    () => true,
    (data) => exists(`${data}/template-keys`),
    (data) => exists(`${data}/gallery/gallery.lock`),
    (data) => exists(`${data}/gallery/gallery.db-wal`),
    (data) => size(`${data}/gallery/gallery.db-wal`) > 10_000,
    (data) => size(`${data}/gallery/gallery.db`) > 10_000,
  ];
  for (const isNow of moments) {
    await using folder = await temporaryFolder();
    const data = folder.path("data");
    const command = localGalleryCommand(new Map([["DATA_DIR", data]]), {
      logFormat: "json",
      publicKeys: fakeTokenKeys().publicPem,
    });
    const options = { label: "gallery", startTimeoutMs: 30_000 };
    const kill = new AbortController();
    const first = startProcess(command, options, kill.signal).catch(() => undefined);
    await eventually(() => isNow(data), "the moment has come");
    kill.abort();
    const survivor = await first;
    survivor?.kill();
    await survivor?.ended;
    const second = await startProcess(command, options, forever());
    second.kill();
    await second.ended;
    const keys = parseTemplateKeys(await Deno.readTextFile(`${data}/template-keys`));
    await using store = await openStore(`${data}/gallery`, { keys });
    const { items } = await store.listUsers("default", { limit: 10 });
    assertEquals(items.map(({ userId, templates }) => [userId, templates]), [
      ["user1", 1],
      ["user2", 1],
      ["user3", 1],
    ]);
  }
});

needs("postgres")("a local gallery can have its users in PostgreSQL", async () => {
  await using server = await startPostgres();
  await using folder = await temporaryFolder({ "keys": makeTemplateKey() });
  const env = {
    GALLERY_MODE: "service",
    GALLERY_STORE: await server.newDatabase(),
    TEMPLATE_KEYS_PATH: folder.path("keys"),
  };
  {
    await using service = await Service.ready(env);
    assertEquals(await recognise(service), "user1");
    assertEquals((await remove(service, "user1")).status, 204);
    const options = { env, permissions: "gallery-command" };
    const { code, err } = await runCommand("gallery/commands/main.ts", ["verify-store"], options);
    assertEquals(code, 0, err);
  }
  await using service = await Service.ready(env);
  assertEquals(await users(service), ["user2", "user3"]);
});

Deno.test("with GALLERY_MODE=workers, the workers hold the gallery and no data is written", async () => {
  await using folder = await temporaryFolder();
  await using service = await Service.ready({
    GALLERY_MODE: "workers",
    DATA_DIR: folder.path("data"),
  });
  assertEquals(await recognise(service), "user1");
  assertEquals(await service.gallery(), undefined);
  assertProblem(await service.get("/users"), "gallery_is_static");
  assertEquals(await Array.fromAsync(Deno.readDir(folder.root)), []);
});

Deno.test("settings that contradict each other stop the start", async () => {
  await assertRefusesToStart(
    { GALLERY_MODE: "service", EMBEDDINGS_PATH: "x" },
    "EMBEDDINGS_PATH: the",
  );
});

function size(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return -1;
  }
}

const exists = (path: string): boolean => size(path) >= 0;
