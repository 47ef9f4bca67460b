// A gallery that changes while the service runs.

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { GALLERY_WITHOUT_MODEL } from "../../shared/gallery_without_model.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { sha256 } from "../../shared/sha256.ts";
import { ROOT } from "../support/checkout.ts";
import { eventually } from "../support/eventually.ts";
import { sample } from "../support/pictures.ts";
import { runCommand } from "../support/run_command.ts";
import { Service } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

Deno.test("users are enrolled and removed without a restart, and a broken gallery changes nothing", async () => {
  await using folder = await temporaryFolder();
  const gallery = folder.path("gallery.json");
  const enrol = async (user: string) => {
    const args = ["--gallery", gallery, "--user-id", user, "--name", user];
    const photo = join(ROOT, `test-data/${user}.png`);
    const { code, err } = await runCommand("worker/commands/enroll/main.ts", [...args, photo]);
    assertEquals(code, 0, err);
  };
  await enrol("user2");
  await using service = await Service.ready({ EMBEDDINGS_PATH: gallery });
  await service.untilFull();
  const picture = await sample("user1_similar.png");
  const recognised = async () => {
    const { status, text } = await service.post(picture);
    assertEquals(status, 200, text);
    return JSON.parse(text).user_id;
  };
  /** Waits until these workers are replaced, although nobody asks them. */
  const replaced = (workers: readonly number[]) =>
    eventually(
      async () => !(await service.workers()).some((pid) => workers.includes(pid)),
      "all workers are replaced",
      60_000,
    );
  assertEquals(await recognised(), undefined);
  const withoutUser1 = await Deno.readTextFile(gallery);

  await service.untilFull();
  const first = await service.workers();
  await enrol("user1");
  await replaced(first);
  assertEquals(await recognised(), "user1");

  await service.untilFull();
  const workers = await service.workers();
  await folder.write("gallery.json", "{}");
  await eventually(
    () => service.log.some(({ msg }) => `${msg}`.includes("workers with the old gallery stay")),
    "the log says that the gallery cannot be loaded",
  );
  assert(service.lines.some((line) => line.includes("GalleryError")), service.lines.join("\n"));
  const left = await service.workers();
  assert(workers.every((pid) => left.includes(pid)), `${workers} became ${left}`);

  await folder.write("gallery.json", withoutUser1);
  await replaced(workers);
  assertEquals(await recognised(), undefined);
});

Deno.test("a gallery of another model is not loaded, and one that names no model is reported once", async () => {
  const named = JSON.parse(await Deno.readTextFile(LOCAL_PATHS.gallery));
  await using folder = await temporaryFolder();
  const write = (model_sha256: string | undefined) =>
    folder.write("gallery.json", JSON.stringify({ ...named, model_sha256 }));
  const EMBEDDINGS_PATH = await write(undefined);
  await using service = await Service.ready({ EMBEDDINGS_PATH });
  const picture = await sample("user1_similar.png");
  const recognised = async () => JSON.parse((await service.post(picture)).text).user_id;
  const warnings = () => service.log.filter(({ msg }) => msg === GALLERY_WITHOUT_MODEL).length;
  for (let i = 0; i < 4; i++) assertEquals(await recognised(), "user1");
  assertEquals(warnings(), 1);

  await service.untilFull();
  const workers = await service.workers();
  await write("0a".repeat(32));
  await eventually(
    () => service.log.some(({ msg }) => `${msg}`.includes("workers with the old gallery stay")),
    "the log says that the gallery cannot be loaded",
  );
  const lines = service.lines.join("\n");
  assert(
    lines.includes(`another recognition model, an unknown model (sha256 ${"0a".repeat(32)})`),
    lines,
  );
  assertEquals((await service.workers()).filter((pid) => workers.includes(pid)), workers);

  await write(await sha256(await Deno.readFile(LOCAL_PATHS.recognition)));
  await eventually(
    async () => !(await service.workers()).some((pid) => workers.includes(pid)),
    "all workers are replaced",
    60_000,
  );
  assertEquals(await recognised(), "user1");
  assertEquals(warnings(), 1);
});
