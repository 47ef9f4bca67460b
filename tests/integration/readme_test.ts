/**
 * Runs the commands that need no cluster, from the README and the pages that a beginner reads after
 * it. They run unchanged and in their order. tests/e2e/kubernetes_commands_test.ts runs the commands
 * for a cluster.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { postTo } from "../support/answer.ts";
import { linkPhotos } from "../support/link_photos.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import { readmeCommands } from "../support/readme_commands.ts";
import { openReadmeShell, type ReadmeShell } from "../support/readme_shell.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const README = await readmeCommands();

/** Commands that this file does not run, because .ci/run runs the checks and the tests. */
const RUN_ELSEWHERE = /\btask (test|test:unit|check|ok)$/;
/** Commands that run the service until the test ends them. */
const SERVES = /\btask start\b/;
/** Commands before which the service must end. */
const NEEDS_STOPPED_SERVICE = /\btask gallery (import|export|forget|verify-store)\b/;
/** Commands that need photos of many people. */
const MEASURES = /\btask (accuracy|calibrate)\b/;
/** Users whose photos are in DIR. */
const FOLDER_USERS = ["user1", "user3"];

/** Text that a user looks for in the output of some commands. */
const OUTPUTS: readonly [command: RegExp, output: RegExp][] = [
  [/\/openapi\.json/, /"openapi":"3\.1\.0"/],
  [/\/ready/, /"status":"ok"/],
  [/\/metrics/, /^face_it_pool_free \d/m],
  [/\btask enroll --gallery\b/, /\d+ users, \d+ templates/],
  [/\btask enroll --to\b/, /2 users, 2 new templates/],
  [/cursor=/, /^\{"users":\[\{"user_id":"user2"/],
  [/\/users\/grace\/export$/, /"collection":"default"/],
  [/\/users\/grace\/templates\?force=true/, /"template_id":/],
  [/\/users\/me\/templates$/, /"template_id":/],
  [/\/users\/ada$/, /"user_id":"ada"/],
  [/\/users\/ada\/templates$/, /"template_id":/],
  [/\btask gallery import\b/, /Imported 3 users; 3 templates are new/],
  [/\btask gallery backup\b/, /Copied the database to /],
  [/\btask accuracy\b/, /TAR at FAR 0/],
  [/\btask calibrate\b/, /"fitted_dimension"/],
];

Deno.test("the commands of the README do what the README says", async (t) => {
  const commands = README.laptop.filter((line) =>
    !RUN_ELSEWHERE.test(line) && !MEASURES.test(line)
  );
  await using photos = await temporaryFolder();
  for (const user of FOLDER_USERS) {
    await photos.write(`${user}/1.png`, await sample(`${user}.png`));
  }
  await using shell = await openReadmeShell(photos.root);
  await using service = new ReplaceableService();
  const printed: Answer[] = [];

  for (const command of commands) {
    await t.step(command, async () => {
      if (SERVES.test(command)) {
        await service.replace(() => shell.serve(command));
        if (/\bgallery\.json\b/.test(command)) await assertServesGallery(shell);
        return;
      }
      if (NEEDS_STOPPED_SERVICE.test(command)) await service[Symbol.asyncDispose]();
      const output = await runAndCheck(shell, command);
      if (!/\/authenticate\b/.test(command)) return;
      const answer: Answer = JSON.parse(output);
      assertFitsPicture(command, answer);
      printed.push(answer);
    });
  }

  for (const block of README.answers) {
    const shown: Answer = JSON.parse(block);
    const answer = printed.find((answer) => answer.user_id === shown.user_id);
    assert(answer !== undefined, `README: no command prints an answer like ${block}`);
    assertEquals(Object.keys(shown).sort(), Object.keys(answer).sort(), block);
    assertEquals([shown.matched, shown.user_name], [answer.matched, answer.user_name], block);
  }
});

needs("lfw3")("the commands that need many photos do what the README says", async (t) => {
  await using photos = await linkPhotos(Deno.env.get("FACE_IT_LFW3")!, 110, 2);
  await using shell = await openReadmeShell(photos.root);
  for (const command of README.laptop.filter((line) => MEASURES.test(line))) {
    await t.step(command, async () => void await runAndCheck(shell, command));
  }
});

/** Answer of POST /authenticate. */
interface Answer {
  readonly matched: boolean;
  readonly user_id?: string;
  readonly user_name?: string;
}

async function runAndCheck(shell: ReadmeShell, command: string): Promise<string> {
  const output = await shell.run(command);
  for (const [pattern, expected] of OUTPUTS) {
    if (pattern.test(command)) assertMatch(output, expected, `${command} printed ${output}`);
  }
  return output;
}

/** Checks that the answer names the person in the sample picture that the command sends. */
function assertFitsPicture(command: string, answer: Answer): void {
  const [, user] = /@me\.jpg/.test(command)
    ? ["", "me"]
    : /test-data\/(user\d)/.exec(command) ?? [];
  assert(user !== undefined || /test-data\/different/.test(command), `${command}: which user?`);
  assertEquals([answer.matched, answer.user_id], [user !== undefined, user], command);
}

/** Checks that the service recognises each user that the README's commands have enrolled. */
async function assertServesGallery({ gallery, url }: ReadmeShell): Promise<void> {
  const lines = README.laptop.filter((line) => /\btask enroll --gallery\b/.test(line));
  const enrolled = lines.flatMap((line) => {
    const [, user] = /--user-id (\S+)/.exec(line) ?? [];
    return user === undefined ? FOLDER_USERS : [user];
  });
  const { embeddings } = JSON.parse(await Deno.readTextFile(gallery));
  const held = embeddings.map(({ user_id }: { user_id: string }) => user_id);
  assertEquals(held.toSorted(), enrolled.toSorted(), "The users in the gallery");
  for (const user of enrolled) {
    const { text } = await postTo(url, await sample(`${user}.png`));
    assertEquals(JSON.parse(text).user_id, user);
  }
}

/** The service that runs now, if there is one. */
class ReplaceableService implements AsyncDisposable {
  #current: AsyncDisposable | undefined;

  /** Ends the service and starts another service. */
  async replace(start: () => Promise<AsyncDisposable>): Promise<void> {
    await this[Symbol.asyncDispose]();
    this.#current = await start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.[Symbol.asyncDispose]();
  }
}
