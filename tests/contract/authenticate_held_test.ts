// POST /authenticate with workers that hold the gallery.

import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { Service } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { KEPT_WORKERS, testAuthenticate } from "./authenticate_contract.ts";

testAuthenticate("the workers hold the gallery", async () => {
  await using started = new AsyncDisposableStack();
  const service = started.use(await Service.ready({ GALLERY_MODE: "workers", ...KEPT_WORKERS }));
  const stack = started.move();
  return {
    service,
    async addTwin() {
      const { embeddings } = JSON.parse(await Deno.readTextFile(LOCAL_PATHS.gallery));
      const twin = embeddings.filter(({ user_id }: { user_id: string }) => user_id === "user1")
        .map((entry: object) => ({ ...entry, user_id: "Rene\u0301", name: "Twin" }));
      const folder = stack.use(
        await temporaryFolder({
          "gallery.json": JSON.stringify({ embeddings: [...embeddings, ...twin] }),
        }),
      );
      return stack.use(
        await Service.ready({ ...KEPT_WORKERS, EMBEDDINGS_PATH: folder.path("gallery.json") }),
      );
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});
