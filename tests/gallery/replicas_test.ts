// Replicas of the api and of the gallery service on one PostgreSQL database, while users come and go.

import { assert, assertEquals } from "@std/assert";
import { labelledPhotos } from "../accuracy/labelled_photos.ts";
import { type Answer, postTo, readAnswer } from "../support/answer.ts";
import { embedPeople } from "../support/embedded_people.ts";
import { startGalleryApi } from "../support/gallery_api.ts";
import { installGallery, UNLIMITED_TRIES } from "../support/gallery_service.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres.ts";
import { seededRandom } from "../support/seeded_random.ts";
import type { Service } from "../support/service.ts";
import { startTcpForwarder } from "../support/tcp_forwarder.ts";
import { ObservedPerson } from "./observed_people.ts";

const ANSWERS = 10_000;
const CLIENTS = 24;
/** People who are enrolled and deleted all the time. The others stay. */
const CHANGING = 2;

needs("postgres", "photos")(
  "no answer names a deleted user on any replica, and every enrolled user is recognised",
  async () => {
    await using server = await startPostgres();
    await using installation = await installGallery(await server.newDatabase());
    const known = await embedPeople(labelledPhotos().photos, 6);
    await using services = new AsyncDisposableStack();
    const startService = async (): Promise<Service> => {
      const service = services.use(installation.start(UNLIMITED_TRIES));
      await service.untilReady();
      return service;
    };
    let [first] = [await startService()];
    const second = await startService();
    await using forwarder = await startTcpForwarder(first.url);
    const { signing } = installation.keys;
    const urls = [() => first.url, () => forwarder.url, () => second.url];
    const apis = urls.map((url) => services.use(startGalleryApi(url, signing, known))).map((
      { url },
    ) => url);

    const random = seededRandom(1);
    const any = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!;
    const observed = known.people.map((person) => new ObservedPerson(person));
    assert(observed.length > CHANGING);
    const wrong: string[] = [];
    let answers = 0, refused = 0, afterDeletion = 0;

    /** Sends a picture of somebody, and judges the answer. */
    async function recognise(one: ObservedPerson, api: URL): Promise<Answer> {
      const { userId, enrolled, others } = one.person;
      const { picture } = any([enrolled, ...others]);
      const judge = one.sending();
      const answer = await postTo(api, picture, {
        contentType: "image/jpeg",
        ...(random() < 0.3 && { query: { user_id: userId } }),
      });
      if (answer.status === 200) {
        answers++;
        const error = judge(answer);
        if (error !== undefined) wrong.push(error);
      } else {
        refused++;
        if (answer.status !== 503 || JSON.parse(answer.text).code !== "gallery_unavailable") {
          wrong.push(`${answer.status} ${answer.text}`);
        }
      }
      return answer;
    }

    /** Sends a change to one replica after the other until it is acknowledged. */
    async function change(path: string, init: RequestInit): Promise<void> {
      for (;;) {
        const answer = await readAnswer(fetch(new URL(path, any(apis)), init));
        if (answer.status < 300) return;
        refused++;
        assertEquals(answer.status, 503, answer.text);
      }
    }

    async function enrol(one: ObservedPerson): Promise<void> {
      const { userId, enrolled } = one.person;
      one.changing();
      await change(`/users/${userId}`, {
        method: "PUT",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ name: userId }),
      });
      await change(`/users/${userId}/templates`, { method: "POST", body: enrolled.picture });
      one.changed("enrolled");
    }

    async function remove(one: ObservedPerson): Promise<void> {
      one.changing();
      await change(`/users/${one.person.userId}`, { method: "DELETE" });
      one.changed("absent");
    }

    const isDone = () => answers >= ANSWERS || wrong.length > 0;
    /** The very next requests on every replica, after a change was acknowledged. */
    const everywhere = (one: ObservedPerson) => Promise.all(apis.map((api) => recognise(one, api)));
    await Promise.all(observed.map(enrol));
    await Promise.all(observed.map(everywhere));
    let deletions = 0;
    const changing = observed.slice(0, CHANGING).map(async (one) => {
      while (!isDone()) {
        await remove(one);
        deletions++;
        afterDeletion += (await everywhere(one)).filter(({ status }) => status === 200).length;
        await enrol(one);
        await everywhere(one);
      }
    });
    const asking = Array.from({ length: CLIENTS }, async (_, i) => {
      for (let n = i; !isDone(); n++) await recognise(any(observed), apis[n % apis.length]!);
    });
    /** Waits until a part of the answers was given. */
    const until = async (part: number) => {
      while (answers < part * ANSWERS && wrong.length === 0) {
        await recognise(any(observed), any(apis));
      }
    };
    const disturbing = async () => {
      await until(0.2);
      forwarder.switchTo(second.url);
      await until(0.4);
      // The only service of the first api.
      first.kill("SIGKILL");
      await first.exitCode();
      const refusedBefore = refused;
      const during = await recognise(any(observed), apis[0]!);
      assertEquals(during.status, 503, during.text);
      assert(refused > refusedBefore);
      first = await startService();
      await until(0.8);
      forwarder.switchTo(first.url);
    };
    await Promise.all([...changing, ...asking, disturbing()]);
    assertEquals(wrong, []);
    assert(answers >= ANSWERS);
    assert(deletions >= 50, `${deletions} deletions`);
    assert(afterDeletion >= deletions, `${afterDeletion} answers right after a deletion`);
    await Promise.all(observed.map(everywhere));
  },
);
