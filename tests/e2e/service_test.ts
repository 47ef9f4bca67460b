import { assert, assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { assertRights } from "../support/rights.ts";
import { helm } from "../support/helm.ts";
import { farAway, gray, sample, sideBySide } from "../support/pictures.ts";
import { type Answer, readAnswer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";
import type { ProblemCode } from "../../shared/contract/problem.ts";
import { RawConnection } from "../support/raw_http.ts";
import { needs } from "../support/needs.ts";
import { isFree, openRelease, SAMPLE_GALLERY, SERVICE } from "./release.ts";
import { watchWorkers } from "./watch_workers.ts";
import { BROKEN, HANGING, standIn } from "./stand_in_worker.ts";

const POOL_SIZE = 2;
const REQUEST_TIMEOUT_MS = 5000;

needs("helm", "node")("the service on a cluster", async (t) => {
  await using release = await openRelease(
    SAMPLE_GALLERY,
    `poolSize=${POOL_SIZE}`,
    "limits.bodyTimeoutMs=1000",
    `limits.requestTimeoutMs=${REQUEST_TIMEOUT_MS}`,
  );
  const { post } = release;
  const picture = await sample("user1_similar.png");
  await release.untilFull(POOL_SIZE);
  await release.untilServing();

  await t.step("recognises a person in another photo", async () => {
    for (const query of [{}, { user_id: "user1" }]) {
      const answer = JSON.parse((await post(picture, { query })).text);
      assertEquals([answer.matched, answer.user_id, answer.user_name], [true, "user1", "User One"]);
    }
  });

  await t.step("recognises no stranger, and no person as a different user", async () => {
    await release.untilFull(POOL_SIZE);
    const answers = [
      await post(await sample("different.png")),
      await post(picture, { query: { user_id: "user2" } }),
    ];
    for (const { status, text } of answers) {
      assertEquals(status, 200);
      const { matched, confidence, ...others } = JSON.parse(text);
      assertEquals([matched, confidence], [false, 0]);
      assertEquals(Object.keys(others).sort(), ["duration_ms", "face"]);
    }
  });

  await t.step("destroys the worker of a request, and the Deployment replaces it", async () => {
    await release.untilFull(POOL_SIZE);
    await using watched = await watchWorkers(release.worker);
    await watched.until("the present pods", () => watched.events.length === POOL_SIZE);
    const before = new Set(watched.events.map(({ pod }) => pod.metadata.uid));
    assertEquals((await post(picture)).status, 200);
    const { pod } = await watched.until(
      "a claimed pod",
      ({ pod }) => pod.metadata.labels.status === "busy",
    );
    const { uid, ownerReferences } = pod.metadata;
    assert(before.has(uid));
    assertEquals([ownerReferences.length, ownerReferences[0].kind], [1, "ConfigMap"]);
    assertEquals(ownerReferences[0].name, `${release.release}-pool`);
    await watched.until(
      "the end of the claimed pod",
      ({ type, pod }) => type === "DELETED" && pod.metadata.uid === uid,
    );
    await watched.until(
      "another Ready pod of the Deployment",
      ({ pod }) => !before.has(pod.metadata.uid) && isFree(pod),
    );
    await release.untilFull(POOL_SIZE);
  });

  await t.step(
    "answers each error that a request can cause with the code of the error",
    async () => {
      const get = (path: string) => readAnswer(fetch(new URL(path, SERVICE)));
      const cases: [ProblemCode, () => Promise<Answer>][] = [
        ["invalid_request", () => post("{", { contentType: "application/json" })],
        ["invalid_image", () => post(picture.slice(0, picture.byteLength / 2))],
        ["not_found", () => get("/nothing")],
        ["method_not_allowed", () => get("/authenticate")],
        ["request_timeout", stalledUpload],
        ["payload_too_large", () => post(new Uint8Array(10 * 1024 * 1024 + 1))],
        ["unsupported_media_type", () => post("This is no picture at all")],
        ["no_face", async () => post(await gray(400, 400))],
        ["multiple_faces", async () => post(await sideBySide())],
        ["face_too_small", async () => post(await farAway())],
      ];
      for (const [code, ask] of cases) {
        // On a busy machine, a pod may take longer to start than a request waits.
        await release.untilFull(POOL_SIZE);
        assertProblem(await ask(), code);
      }
    },
  );

  await t.step("helm test passes", async () => {
    const { ok, text } = await helm(["test", release.release, "--timeout=120s"]);
    assert(ok, text);
  });

  await t.step("the api's account may do what a claim needs, and nothing else", async () => {
    await assertRights(release);
  });

  await t.step(
    "answers every request, even without workers or with workers that do not serve",
    async () => {
      await release.scale(0);
      const refused = await post(picture);
      assertProblem(refused, "no_worker_available");
      assertMatch(refused.headers.get("Retry-After")!, /^\d+$/);
      for (
        const [kind, code] of [[HANGING, "deadline_exceeded"], [BROKEN, "worker_failed"]] as const
      ) {
        await standIn(release, kind);
        assertProblem(await post(picture), code);
        await release.untilFull(0);
      }
      await release.scale(POOL_SIZE);
      assertEquals((await post(picture)).status, 200);
    },
  );
});

/** Sends the beginning of a picture and nothing more, and returns the response. */
async function stalledUpload(): Promise<Answer> {
  using connection = await connect();
  const head = "POST /authenticate HTTP/1.1\r\nHost: face-it.test\r\nContent-Length: 1000\r\n\r\n";
  await connection.send(head, new Uint8Array(10));
  const answer = await connection.answer();
  assert(answer !== undefined, "The connection ended without an answer");
  return answer;
}

/** Connects to the node's port, which may refuse connections while the node changes its rules. */
async function connect(): Promise<RawConnection> {
  let connection: RawConnection | undefined;
  await eventually(async () => {
    connection = await RawConnection.open(SERVICE).catch(() => undefined);
    return connection !== undefined;
  }, "the node's port accepts a connection");
  return connection!;
}
