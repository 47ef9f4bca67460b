// Three real api processes with real workers, and two real gallery processes, on one database.

import { assert, assertEquals } from "@std/assert";
import type { Answer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { installGallery } from "../support/gallery_service.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import { startPostgres } from "../support/postgres.ts";
import { Service } from "../support/service.ts";

const ROUNDS = 6;
/** Round in which one of the gallery processes is killed. */
const KILLED_IN = 3;

needs("postgres")(
  "enrolled on one replica, recognised by all with the next request; deleted on one, forgotten by all",
  async () => {
    await using server = await startPostgres();
    await using installation = await installGallery(await server.newDatabase());
    await using started = new AsyncDisposableStack();
    const [first, second] = [1, 2].map(() => started.use(installation.start())) as [
      Service,
      Service,
    ];
    await Promise.all([first.untilReady(), second.untilReady()]);
    const apis = [first, second, second].map((gallery) =>
      started.use(
        new Service({
          ...installation.apiEnv(gallery),
          POOL_SIZE: "1",
          REQUESTS_PER_WORKER: "1000",
        }),
      )
    );
    await Promise.all(apis.map((api) => api.untilReady()));
    const photo = await sample("user1.png"), picture = await sample("user1_similar.png");

    const everywhere = (): Promise<Answer[]> =>
      Promise.all(apis.map((api) => api.post(picture, { contentType: "image/png" })));
    const named = async () =>
      (await everywhere()).map(({ status, text }) => {
        assertEquals(status, 200, text);
        return JSON.parse(text).user_id;
      });
    const enrol = async (api: Service, userId: string) => {
      const put = await api.get(`/users/${userId}`, {
        method: "PUT",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ name: userId }),
      });
      assertEquals(put.status, 201, put.text);
      const body = { method: "POST", body: photo };
      const added = await api.get(`/users/${userId}/templates`, body);
      assertEquals(added.status, 201, added.text);
    };
    const remove = async (api: Service, userId: string) =>
      assertEquals((await api.get(`/users/${userId}`, { method: "DELETE" })).status, 204);

    const port = first.url.port;
    for (let round = 0; round < ROUNDS; round++) {
      const userId = `user-${round}`;
      const api = (after: number) => apis[(round + after) % apis.length]!;
      await enrol(api(0), userId);
      assertEquals(await named(), [userId, userId, userId]);
      if (round === KILLED_IN) {
        first.kill("SIGKILL");
        await first.exitCode();
        const [alone, ...others] = await everywhere();
        assertProblem(alone!, "gallery_unavailable");
        assert(Number(alone!.headers.get("Retry-After")) > 0);
        assertEquals(others.map(({ text }) => JSON.parse(text).user_id), [userId, userId]);
        // Another replica deletes while it is away.
        await remove(apis[1]!, userId);
        const again = started.use(installation.start({ PORT: port }));
        await again.untilReady();
      } else await remove(api(1), userId);
      assertEquals(await named(), [undefined, undefined, undefined]);
    }
  },
);
