/** Runs the service twice: with the gallery in its workers, and with the gallery service. */

import { LOCAL_PATHS } from "../../../shared/local_paths.ts";
import { sha256 } from "../../../shared/sha256.ts";
import { runCommand } from "../../support/run_command.ts";
import { UNLIMITED_TRIES } from "../../support/gallery_service.ts";
import { Service } from "../../support/service.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { GALLERY, largeGallery } from "./large_gallery.ts";
import type { Subject } from "./load.ts";

/** Two services with the same users. Disposing of it ends both. */
export interface BothModes extends AsyncDisposable {
  /** The workers hold the gallery. */
  readonly held: Service;
  /** The gallery service holds the gallery. */
  readonly served: Service;
}

/** Starts both services. Each worker serves many requests. */
export async function openBothModes(users: number): Promise<BothModes> {
  await using opened = new AsyncDisposableStack();
  const file = opened.use(await largeGallery(users));
  const data = opened.use(await temporaryFolder());
  const model = await sha256(await Deno.readFile(LOCAL_PATHS.recognition));
  const imported = await runCommand(
    "gallery/commands/main.ts",
    ["import", "--model", model, file.path(GALLERY)],
    { env: { DATA_DIR: data.path("data") }, permissions: "gallery-command" },
  );
  if (imported.code !== 0) throw new Error(imported.err);
  const env = {
    // With one worker for each core, cores are idle while the api and the gallery are between two
    // requests. More workers than this share the cores' caches.
    POOL_SIZE: String(navigator.hardwareConcurrency + 1),
    REQUESTS_PER_WORKER: "1000000",
    LOG_LEVEL: "info",
    // On a busy machine a request may take long, and still counts.
    REQUEST_TIMEOUT_MS: "60000",
  };
  const held = opened.use(await Service.ready({ ...env, EMBEDDINGS_PATH: file.path(GALLERY) }));
  const served = opened.use(
    await Service.ready({ ...env, ...UNLIMITED_TRIES, DATA_DIR: data.path("data") }),
  );
  const services = opened.move();
  return { held, served, [Symbol.asyncDispose]: () => services.disposeAsync() };
}

/** Returns a service as something to measure. */
export const subjectOf = (service: Service): Subject => ({
  url: service.url,
  processes: async () => (await service.processes()).map(({ pid }) => pid),
});
