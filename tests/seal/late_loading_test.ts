// Code that a worker runs only with some settings, and that could load or open something late.

import { assert, assertEquals } from "@std/assert";
import { MANY_USERS } from "../../matching/scan.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { SEAL_PARTS } from "../../shared/contract/worker_seal.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { TestWorker } from "./test_worker.ts";

needs("linux")(
  "a sealed worker searches a large gallery, and logs every line in each form",
  async () => {
    const random = seededRandom(1);
    const gallery = JSON.parse(await Deno.readTextFile(LOCAL_PATHS.gallery));
    const { length } = gallery.embeddings[0].embedding;
    for (let i = 0; i < 2 * MANY_USERS; i++) {
      const embedding = Array.from({ length }, () => random() - 0.5);
      gallery.embeddings.push({ user_id: `stranger-${i}`, name: "Stranger", embedding });
    }
    await using folder = await temporaryFolder({ "gallery.json": JSON.stringify(gallery) });
    for (const LOG_FORMAT of ["pretty", "json"]) {
      await using worker = await TestWorker.start([], "workers", {
        EMBEDDINGS_PATH: folder.path("gallery.json"),
        LOG_FORMAT,
        LOG_LEVEL: "debug",
        REQUIRE_SEAL: "true",
      });
      assertEquals((await worker.ready())["seal"], everyPart(true));
      const { status, bytes } = await worker.post(await sample("user1_similar.png"));
      const { user_id } = JSON.parse(new TextDecoder().decode(bytes));
      assertEquals([status, user_id], [200, "user1"]);
      worker.terminate();
      await worker.ended;
      assert(worker.printed.length > 0);
    }
  },
);

const everyPart = (holds: boolean) => Object.fromEntries(SEAL_PARTS.map((part) => [part, holds]));
