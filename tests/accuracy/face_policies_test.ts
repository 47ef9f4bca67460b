// The policies on liveness and quality, from the worker to the audit of the real service.

import { assert, assertEquals } from "@std/assert";
import { dirname } from "node:path";
import sharp from "sharp";
import { makeApiKey } from "../../api/callers/api_keys/api_key.ts";
import { fetchModels } from "../../models/fetch/fetch_models.ts";
import { readNpmEnvironment } from "../../models/fetch/npm_environment.ts";
import { AuditPageSchema } from "../../shared/contract/audit.ts";
import type { KeyPolicy } from "../../shared/contract/face_policy.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { NO_PROGRESS } from "../../shared/progress.ts";
import { encoded, type Picture, sample } from "../support/pictures.ts";
import { Service } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

await fetchModels({
  npm: readNpmEnvironment(Deno.env),
  progress: NO_PROGRESS,
  warn: console.warn,
  folder: dirname(LOCAL_PATHS.liveness),
  liveness: true,
});

const FACE = await sample("user1_similar.png");
const UNCLEAR = await encoded(sharp(FACE).blur(8).png());

for (const GALLERY_MODE of ["workers", "service"]) {
  Deno.test(`gallery mode ${GALLERY_MODE}: a key enforces what the service only observes`, async () => {
    const made = [makeApiKey(), makeApiKey(), makeApiKey()] as const;
    const policies: KeyPolicy[] = [{}, { liveness: "enforce" }, { quality: "enforce" }];
    await using folder = await temporaryFolder({
      "api-keys": JSON.stringify({
        keys: made.map(({ id, sha256 }, i) => ({
          ...{ id, sha256, name: "test", scopes: ["authenticate", "enrol", "audit"] },
          ...policies[i],
        })),
      }),
    });
    const settings = {
      GALLERY_MODE,
      LIVENESS: "observe",
      // No picture reaches the highest score.
      LIVENESS_THRESHOLD: "1",
      QUALITY: "observe",
      API_KEYS_PATH: folder.path("api-keys"),
    };
    const api = ["run", "-q", "-P=api-local", `--allow-read=${folder.root}`, "api/main.ts"];
    await using service = new Service(settings, api);
    await service.untilReady();
    const [loose, live, clear] = made.map(({ text }) => ({ Authorization: `Bearer ${text}` }));
    const ask = async (picture: Picture, headers = loose, path = "/authenticate") => {
      const { status, text } = await service.get(path, {
        method: "POST",
        body: picture,
        headers: headers!,
      });
      const body = JSON.parse(text);
      return status === 200 ? body.matched : body.code;
    };
    assertEquals(await ask(FACE), true);
    assertEquals(await ask(FACE, live), "not_live");
    assertEquals(typeof await ask(UNCLEAR), "boolean");
    assertEquals(await ask(UNCLEAR, clear), "face_unclear");
    const { text: metrics } = await service.get("/metrics");
    assert(metrics.includes('face_it_face_faults_total{fault="not_live"} 4'), metrics);
    assert(metrics.includes('face_it_face_faults_total{fault="face_unclear"} 2'), metrics);
    assert(metrics.includes('face_it_authenticate_seconds_count{outcome="not_live"} 1'), metrics);
    if (GALLERY_MODE === "workers") return;
    // A template is never made of an unclear face.
    assertEquals(await ask(UNCLEAR, loose, "/users/user1/templates"), "face_unclear");
    const answer = await service.get("/audit", { headers: loose! });
    const { events } = AuditPageSchema.parse(JSON.parse(answer.text));
    const outcomes = events.toReversed().map(({ kind, outcome }) => `${kind} ${outcome}`)
      .filter((text) => /^(decision|observation) /.test(text));
    assertEquals(outcomes.slice(0, 5), [
      "decision matched",
      "observation not_live",
      "decision not_live",
      outcomes[3]!,
      "observation face_unclear",
    ]);
    assertEquals(outcomes.slice(5), [
      "observation not_live",
      "decision face_unclear",
      "observation not_live",
    ]);
  });
}
