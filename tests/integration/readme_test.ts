/** Runs every command of the README as it is written. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { readmeCommands } from "../support/readme_commands.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const COMMANDS = (await readmeCommands()).laptop;

const START = "npx -y deno@2.9.6 task start";
const TEST = "npx -y deno@2.9.6 task test";
const ENROLL_FOLDER = "deno task enroll --gallery gallery.json --from DIR";
const ENROLL_PHOTO =
  'deno task enroll --gallery gallery.json --user-id user2 --name "User Two" test-data/user2.png';
const START_WITH_GALLERY = "EMBEDDINGS_PATH=gallery.json deno task start";
const ACCURACY = "deno task accuracy --from DIR";
const CALIBRATE = "deno task calibrate --from DIR";

/** What each curl line must print, in the order of the README. */
const ANSWERS: readonly RegExp[] = [
  /"matched":true,"user_id":"user1","user_name":"User One"/,
  /"matched":true,"user_id":"user1"/,
  /"matched":false,"confidence":0/,
  /"matched":true,"user_id":"user1"/,
  /"matched":true,"user_id":"user1"/,
  /"openapi":"3\.1\.0"/,
  /"status":"ok"/,
  /^face_it_pool_free \d/m,
];

const isCurl = (command: string): boolean => /\bcurl /.test(command);

/** Photos of at least five people, which `accuracy` and `calibrate` want. */
const PHOTOS = Deno.env.get("FACE_IT_LFW100");

interface Shell {
  /** Stands for gallery.json, so that no gallery of somebody's is touched. */
  readonly gallery: string;
  /** Stands for DIR. */
  readonly photos: string;
  readonly port: number;
  readonly path: string;
}

/** A command of the README in a shell at the project's root, with what stands for a name in it. */
function spawn(command: string, shell: Shell, stdout: "piped" | "null"): Deno.ChildProcess {
  const line = command
    .replaceAll("gallery.json", shell.gallery)
    .replace(/\bDIR\b/, shell.photos)
    .replaceAll("localhost:8080", `localhost:${shell.port}`);
  return new Deno.Command("sh", {
    args: ["-c", line],
    cwd: ROOT,
    env: { PATH: `${shell.path}:${Deno.env.get("PATH")}`, PORT: String(shell.port) },
    stdin: "null",
    stdout,
    stderr: "null",
  }).spawn();
}

async function run(command: string, shell: Shell): Promise<string> {
  const { code, stdout } = await spawn(command, shell, "piped").output();
  assertEquals(code, 0, command);
  return new TextDecoder().decode(stdout);
}

/** Runs `body` while the command serves; then ends the command and sees the service go. */
async function whileServing(command: string, shell: Shell, body: () => Promise<void>) {
  // The shell gives way to the command, so that the signal below reaches that.
  const service = spawn(`exec env ${command}`, shell, "null");
  const answers = async () => {
    try {
      const response = await fetch(`http://localhost:${shell.port}/ready`);
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  };
  try {
    await eventually(answers, `${command} serves`, 120_000);
    await body();
  } finally {
    service.kill("SIGTERM");
    await service.status;
  }
  await eventually(async () => !(await answers()), "the service is gone");
}

/** 8080 as the README says, or any other port where something else has that one. */
function choosePort(): number {
  for (const port of [8080, 0]) {
    try {
      using listener = Deno.listen({ hostname: "0.0.0.0", port });
      return listener.addr.port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      console.log("Port 8080 is taken: the README's commands are tried on another one");
    }
  }
  throw new Error("No port is free");
}

Deno.test("every command of the README is known to this test", () => {
  const others = COMMANDS.filter((command) => !isCurl(command));
  assertEquals(others, [
    START,
    TEST,
    ENROLL_FOLDER,
    ENROLL_PHOTO,
    START_WITH_GALLERY,
    ACCURACY,
    CALIBRATE,
  ]);
  assertEquals(COMMANDS.filter(isCurl).length, ANSWERS.length);
});

Deno.test("the README's test command is the one that CI runs", async () => {
  assertStringIncludes(await Deno.readTextFile(join(ROOT, ".ci/run")), `${TEST}\n`);
});

Deno.test("the README's commands do what it says", async (t) => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir();
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  // A folder on the PATH in which `deno` is this Deno, as for somebody who has installed it.
  const path = join(folder, "bin");
  await Deno.mkdir(path);
  await Deno.symlink(Deno.execPath(), join(path, "deno"));
  const photos = join(folder, "photos");
  for (const user of ["user1", "user3"]) {
    await Deno.mkdir(join(photos, user), { recursive: true });
    await Deno.copyFile(join(ROOT, `test-data/${user}.png`), join(photos, user, "1.png"));
  }
  const shell = { gallery: join(folder, "g.json"), photos, port: choosePort(), path };

  await t.step("start, and every curl line against it", async () => {
    await whileServing(START, shell, async () => {
      const curls = COMMANDS.filter(isCurl);
      for (const [i, command] of curls.entries()) {
        const output = await run(command, shell);
        assert(ANSWERS[i]!.test(output), `${command} printed ${output.slice(0, 300)}`);
      }
    });
  });

  await t.step("enrol a folder and a photo, and serve that gallery", async () => {
    assertStringIncludes(await run(ENROLL_FOLDER, shell), "2 users, 2 templates");
    assertStringIncludes(await run(ENROLL_PHOTO, shell), "3 users, 3 templates");
    await whileServing(START_WITH_GALLERY, shell, async () => {
      const output = await run(
        "curl -s --data-binary @test-data/user2.png http://localhost:8080/authenticate",
        shell,
      );
      assertStringIncludes(output, '"user_id":"user2"');
    });
  });

  await t.step({
    name: "accuracy and calibrate",
    ignore: !announcedPhotos(),
    fn: async () => {
      const ownPhotos = { ...shell, photos: PHOTOS! };
      assertStringIncludes(await run(ACCURACY, ownPhotos), "TAR at FAR 0");
      assertStringIncludes(await run(CALIBRATE, ownPhotos), '"effective_dimension"');
    },
  });
});

function announcedPhotos(): boolean {
  if (PHOTOS === undefined) {
    console.log("accuracy and calibrate are not tried: FACE_IT_LFW100 names no folder of photos");
  }
  return PHOTOS !== undefined;
}
