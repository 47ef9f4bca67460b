// POST /authenticate with the gallery service. Its users are enrolled over HTTP, through the api and
// its workers.

import { assertEquals } from "@std/assert";
import { SAMPLE_USERS } from "../../test-data/sample_users.ts";
import { installGallery, UNLIMITED_TRIES } from "../support/gallery_service.ts";
import { sample } from "../support/pictures.ts";
import { Service } from "../support/service.ts";
import { KEPT_WORKERS, testAuthenticate } from "./authenticate_contract.ts";

testAuthenticate("the gallery service decides", async () => {
  await using started = new AsyncDisposableStack();
  const installation = started.use(await installGallery());
  const gallery = started.use(installation.start(UNLIMITED_TRIES));
  await gallery.untilListening();
  const service = started.use(
    await Service.ready({ ...installation.apiEnv(gallery), ...KEPT_WORKERS }),
  );
  for (const user of SAMPLE_USERS) await enrol(service, user);
  const stack = started.move();
  return {
    service,
    async addTwin() {
      const twin = { userId: "Rene\u0301", name: "Twin", picture: "user1.png" };
      await enrol(service, twin, "?force=true");
      return service;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
});

interface Person {
  readonly userId: string;
  readonly name: string;
  /** Name of a sample picture. */
  readonly picture: string;
}

async function enrol(service: Service, { userId, name, picture }: Person, query = "") {
  const path = `/users/${encodeURIComponent(userId)}`;
  const put = await service.get(path, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name }),
  });
  assertEquals(put.status, 201, put.text);
  const added = await service.get(`${path}/templates${query}`, {
    method: "POST",
    body: await sample(picture),
  });
  assertEquals(added.status, 201, added.text);
}
