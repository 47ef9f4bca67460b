// No deletion is stored when nobody reads the log that must have its mark.

import { assertEquals } from "@std/assert";
import { requestOf } from "../../gallery/fake_caller.ts";
import { readAnswer } from "../support/answer.ts";
import { CALLS, installGallery } from "../support/gallery_service.ts";
import { eventually } from "../support/eventually.ts";
import { ROOT } from "../support/checkout.ts";

Deno.test("without a reader of its log, the gallery deletes nobody", async () => {
  await using gallery = await installGallery();
  const { root } = gallery.folder;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "-P=gallery", `--allow-read=${root}`, `--allow-write=${root}`],
      "gallery/main.ts",
    ],
    cwd: ROOT,
    env: { ...gallery.env, PORT: "0", LOG_FORMAT: "json" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await using ending = new AsyncDisposableStack();
  ending.defer(async () => {
    child.kill("SIGKILL");
    await child.status;
  });
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value: first } = await output.read();
  const { origin } = new URL(JSON.parse(first!).listening);
  ending.defer(() => output.cancel());
  const call = async (made: Parameters<typeof gallery.sign>[0]) => {
    const token = `Bearer ${gallery.sign(made)}`;
    return await readAnswer(fetch(requestOf(new URL(origin), made, token)));
  };
  const user = CALLS.about("get_user", "ada");
  await eventually(async () => (await call(user)).status === 404, "the gallery is ready");
  assertEquals((await call(CALLS.putUser("ada", { name: "Ada" }))).status, 201);

  await child.stderr.cancel();
  for (let repeated = 0; repeated < 2; repeated++) {
    const { status, text } = await call(CALLS.about("delete_user", "ada"));
    assertEquals([status, JSON.parse(text).code], [503, "gallery_unavailable"]);
  }
  assertEquals((await call(user)).status, 200);
});
