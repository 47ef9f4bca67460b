/** Several processes that change one gallery file at the same time. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readGalleryFile } from "../../worker/commands/enroll/gallery_file.ts";
import { ROOT } from "../support/checkout.ts";
import { eventually } from "../support/eventually.ts";
import { sample } from "../support/pictures.ts";
import { readLines } from "../support/read_output.ts";
import { runCommand } from "../support/run_command.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary_folder.ts";

Deno.test("enroll commands that run at the same time lose no user", async () => {
  await using folder = await temporaryFolder({ "1.png": await sample("user1.png") });
  await folder.write("2.png", await sample("user2.png"));
  const results = await Promise.all(
    [1, 2].map((user) =>
      runCommand("worker/commands/enroll/main.ts", [
        ...["--gallery", "g.json", "--user-id", `user${user}`, "--name", "U", `${user}.png`],
      ], { cwd: folder.root })
    ),
  );
  assertEquals(results.map(({ code }) => code), [0, 0], JSON.stringify(results));
  assertEquals((await userIds(folder)).toSorted(), ["user1", "user2"]);
});

Deno.test("six processes that enrol five users each, at the same time, lose no user", async () => {
  await using folder = await temporaryFolder({ photo: "photo" });
  const processes = Array.from({ length: 6 }, (_, i) => start(folder, enrolments(`${i}`, 5)));
  const ends = await Promise.all(processes.map((process) => process.output()));
  for (const { success, stderr } of ends) assert(success, new TextDecoder().decode(stderr));
  assertEquals((await userIds(folder)).length, 30);
  assertEquals((await names(folder)).sort(), ["g.json", "photo"]);
});

Deno.test("a process that is killed while it writes leaves the old gallery, and locks nobody out", async () => {
  await using folder = await temporaryFolder({ photo: "photo" });
  assert((await start(folder, enrolments("before", 1)).output()).success);
  const killed = start(
    folder,
    `await using lock = await lockGallery(gallery);
    await writeGalleryFile(gallery, { entries: [] }, {
      async write(file, bytes) {
        await file.write(bytes.subarray(0, 5));
        console.log("writing");
        await new Promise((resolve) => setTimeout(resolve, 600_000));
      },
      sync: () => Promise.resolve(),
      rename: () => Promise.resolve(),
    });`,
  );
  const lines: string[] = [], told: string[] = [];
  const reading = [readLines(killed.stdout, lines), killed.stderr.cancel()];
  await eventually(() => lines.includes("writing"), "the first process writes");
  const next = start(folder, enrolments("after", 1));
  reading.push(readLines(next.stderr, told), next.stdout.cancel());
  await eventually(() => told.length > 0, "the next process waits");
  assertStringIncludes(told[0]!, "Waiting for another command");
  assertEquals(await userIds(folder), ["before-0"]);
  killed.kill("SIGKILL");
  assert((await next.status).success);
  await Promise.all([killed.status, ...reading]);
  assertEquals(await userIds(folder), ["before-0", "after-0"]);
});

/** Returns the code of a process that enrols users, one after another. */
function enrolments(name: string, count: number): string {
  return `for (let i = 0; i < ${count}; i++) {
    const person = { userId: "${name}-" + i, name: "A", photos: [photo] };
    await enrolIntoGalleryFile(gallery, [person], pipeline, {
      modelSha256: "0".repeat(64),
      existing: "keep",
    });
  }`;
}

/** Starts a process with the modules of the enroll command, and a pipeline of random embeddings. */
function start(folder: TemporaryFolder, code: string): Deno.ChildProcess {
  const module = (name: string) => pathToFileURL(join(ROOT, "worker", name)).href;
  const program = `
    import { lockGallery } from "${module("commands/enroll/gallery_lock.ts")}";
    import { enrolIntoGalleryFile } from "${module("commands/enroll/enroll.ts")}";
    import { writeGalleryFile } from "${module("commands/enroll/gallery_file.ts")}";
    import { createFakePipeline } from "${module("pipeline/fake_pipeline.ts")}";
    const gallery = ${JSON.stringify(folder.path("g.json"))};
    const photo = ${JSON.stringify(folder.path("photo"))};
    const pipeline = {
      dimension: 512,
      recognize(picture) {
        const embedding = Array.from({ length: 512 }, () => Math.random() - 0.5);
        return createFakePipeline(512, { photo: embedding }).recognize(picture);
      },
    };
    ${code}`;
  return new Deno.Command(Deno.execPath(), {
    args: ["eval", "-q", "--config", join(ROOT, "deno.json"), program],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

const names = (folder: TemporaryFolder): Promise<string[]> =>
  Array.fromAsync(Deno.readDir(folder.root), ({ name }) => name);

const userIds = async (folder: TemporaryFolder): Promise<string[]> =>
  (await readGalleryFile(folder.path("g.json")))!.entries.map(({ user_id }) => user_id);
