// The command `deno task enroll --to URL` with many photos, against the real service.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { basename, join } from "node:path";
import { sha256 } from "../../shared/sha256.ts";
import { keysFile, makeKey, serviceWithKeys } from "../support/api_keys.ts";
import { ROOT } from "../support/checkout.ts";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { runCommand } from "../support/run_command.ts";
import type { Service } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { varyPhotos } from "../support/varied_photos.ts";

const PROGRAM = "worker/commands/enroll/main.ts";
/** With four workers, two photos are on their way when the command is killed. */
const SETTINGS = { GALLERY_MODE: "service", REQUESTS_PER_WORKER: "10000", POOL_SIZE: "4" };

interface JournalLine {
  readonly user_id: string;
  readonly sha256: string;
  readonly template_id: string;
}

async function readJournal(path: string): Promise<JournalLine[]> {
  const text = await Deno.readTextFile(path).catch(() => "\n");
  return text.split("\n").slice(1, -1).map((line) => JSON.parse(line));
}

/** Number of photos that the service has answered with a status. */
const answered = ({ log }: Service, status?: number): number =>
  log.filter((line) =>
    line["method"] === "POST" && `${line["path"]}`.endsWith("/templates") &&
    (status === undefined || line["status"] === status)
  ).length;

needs("photos")(
  "500 photos of 50 people are enrolled by a command that is killed twice: nothing twice, nothing missing",
  async () => {
    const { key, entry } = await makeKey("--scope", "admin");
    await using folder = await temporaryFolder({ "keys.json": keysFile(entry), key });
    await Deno.chmod(folder.path("key"), 0o600);
    await using photos = await varyPhotos(Deno.env.get("FACE_IT_LFW100")!);
    await using service = await serviceWithKeys(folder.path("keys.json"), folder.root, SETTINGS);
    const journal = photos.path(".face-it-enrolled");
    const args = [
      ...["--to", service.url.origin, "--key-file", folder.path("key")],
      // Five people each have the same face.
      ...["--allow-lookalikes", "--from", photos.root],
    ];

    let busiest = 0;
    let seenBytes = 0;
    for (const enough of [150, 330]) {
      await using child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-q", "-P=enroll", PROGRAM, ...args],
        cwd: ROOT,
        stdout: "null",
        stderr: "null",
      }).spawn();
      await eventually(
        async () => {
          const { size } = await Deno.stat(journal).catch(() => ({ size: 0 }));
          if (size === seenBytes) return false;
          seenBytes = size;
          busiest = Math.max(busiest, await service.metric("face_it_pool_busy"));
          return (await readJournal(journal)).length >= enough;
        },
        `${enough} photos are enrolled`,
        120_000,
      );
      child.kill("SIGKILL");
      assertEquals((await child.status).signal, "SIGKILL");
    }
    assert(busiest <= 2, `${busiest} of 4 workers were busy`);
    const { code, out, err } = await runCommand(PROGRAM, args, { permissions: "enroll" });
    assertEquals(code, 0, err);
    assertMatch(
      out,
      /: 50 users, \d+ new templates, \d+ photos enrolled before(; \d+ photos? refused)?\n$/,
    );

    // Each photo is in the journal once, or in the report of the last run.
    const lines = await readJournal(journal);
    const enrolled = new Map(lines.map((line) => [`${line.user_id} ${line.sha256}`, line]));
    assertEquals(enrolled.size, lines.length);
    const refused = new Set(
      err.matchAll(/^refused {2}(\S+) {2}[a-z_]+: /gm).map(([, path]) => path),
    );
    const expected = new Map<string, string[]>();
    let seen = 0;
    for await (const { name: userId } of Deno.readDir(photos.root)) {
      if (userId.startsWith(".")) continue;
      const ids: string[] = [];
      for await (const { name } of Deno.readDir(photos.path(userId))) {
        const path = photos.path(join(userId, name));
        const line = enrolled.get(`${userId} ${await sha256(await Deno.readFile(path))}`);
        assertEquals(refused.has(path), line === undefined, `${userId} ${basename(path)}`);
        if (line !== undefined) ids.push(line.template_id);
        seen++;
      }
      expected.set(userId, ids.toSorted());
    }
    assertEquals([seen, expected.size, enrolled.size + refused.size], [500, 50, 500]);

    // The service has these users with exactly these templates.
    const headers = { Authorization: `Bearer ${key}` };
    const { users } = JSON.parse((await service.get("/users?limit=1000", { headers })).text);
    const stored = new Map<string, string[]>();
    for (const { user_id } of users) {
      const { templates } = JSON.parse((await service.get(`/users/${user_id}`, { headers })).text);
      const ids = templates.map(({ template_id }: { template_id: string }) => template_id);
      if (expected.has(user_id)) stored.set(user_id, ids.toSorted());
      else assertMatch(user_id, /^user[123]$/, "a sample person");
    }
    const byName = (of: Map<string, string[]>) => Object.fromEntries(of);
    assertEquals(byName(stored), byName(expected));
    assertEquals(new Set(stored.values().flatMap((ids) => ids)).size, enrolled.size);

    // It made each template once. Only the photos that were on their way were sent again. The client
    // of the first answer was killed, so this answer may not be in the log.
    const resent = answered(service, 200), unlogged = enrolled.size - answered(service, 201);
    assert(resent <= 4, `${resent} photos were sent again`);
    assert(unlogged >= 0 && unlogged <= resent, `${unlogged} first answers are not in the log`);
    const before = answered(service);
    const again = await runCommand(PROGRAM, args, { permissions: "enroll" });
    assertMatch(again.out, / 0 new templates, /);
    assertEquals(answered(service) - before, refused.size);
  },
);
