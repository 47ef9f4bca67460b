// The liveness score in answers, in both modes of the gallery.

import { assert, assertEquals } from "@std/assert";
import { AuthenticateAnswerSchema } from "../../../shared/contract/contract.ts";
import { MATCH, NON_MATCH } from "../../../shared/contract/fake_answers.ts";
import type { Access } from "../../callers/check_scopes.ts";
import { fakeAccess, fakeKey, openAccess } from "../../callers/fake_access.ts";
import type { Scope } from "../../callers/scopes.ts";
import { createFakeApp } from "../../fake_app.ts";
import { FakeGallery } from "../../gallery/fake_gallery.ts";
import { embedding, type FakeWorker } from "../../recognition/fake_worker_client.ts";

/** Returns a worker that measures a score, in an answer or beside an embedding. */
const measuring = (worker: FakeWorker, liveness: number): FakeWorker => async (signal) => {
  const result = await worker(signal);
  if (result.kind !== "answer") return result;
  const { answer } = result;
  if (!("embedding" in answer)) return { ...result, liveness };
  return { ...result, liveness, answer: { ...answer, face: { ...answer.face, liveness } } };
};

const match: FakeWorker = () => ({ kind: "answer", answer: MATCH });
const nonMatch: FakeWorker = () => ({ kind: "answer", answer: NON_MATCH });

/** Sends a request to a service in each mode, and returns the scores in the answers. */
async function shown(
  access: Access,
  headers: Record<string, string>,
): Promise<(number | undefined)[]> {
  const measured = 0.18749;
  const gallery = new FakeGallery();
  const apps = [
    createFakeApp({ access, workers: [measuring(match, measured)] }),
    createFakeApp({ access, workers: [measuring(nonMatch, measured)] }),
    createFakeApp({ access, gallery, workers: [measuring(embedding("somebody"), measured)] }),
  ];
  return await Promise.all(apps.map(async ({ post, lines }) => {
    const response = await post({ headers });
    assertEquals(response.status, 200);
    assert(!JSON.stringify(lines).includes("0.187"), "no log line has the score");
    return AuthenticateAnswerSchema.parse(await response.json()).liveness;
  }));
}

Deno.test("an answer shows the liveness score to a key with the scope admin, and to no other", async () => {
  const cases: [Scope[], number | undefined][] = [
    [["authenticate", "admin"], 0.187],
    [["authenticate"], undefined],
    [["verify", "authenticate", "enrol", "audit"], undefined],
  ];
  for (const [scopes, score] of cases) {
    const { text, entry } = fakeKey(scopes);
    const access = fakeAccess({ keys: [entry] });
    const scores = await shown(access, { Authorization: `Bearer ${text}` });
    assertEquals(scores, [score, score, score], `${scopes}`);
  }
});

Deno.test("a caller without a key sees the score only where it may do everything", async () => {
  assertEquals(await shown(openAccess(), {}), [0.187, 0.187, 0.187]);
  const anonymous = fakeAccess({ allowAnonymous: true });
  assertEquals(await shown(anonymous, {}), [undefined, undefined, undefined]);
});

Deno.test("without a measured score, an answer has no field for it", async () => {
  const { post } = createFakeApp({ workers: [match] });
  assertEquals(await (await post()).json(), { ...MATCH, duration_ms: 0 });
});
