// The policies on liveness and quality, in both modes of the gallery.

import { assert, assertEquals } from "@std/assert";
import { MATCH } from "../../../shared/contract/fake_answers.ts";
import type { FacePolicy, KeyPolicy, SeenFace } from "../../../shared/contract/face_policy.ts";
import { pictureProblem } from "../../../shared/contract/picture_problem.ts";
import { fakeAccess, fakeKey } from "../../callers/fake_access.ts";
import { createFakeApp } from "../../fake_app.ts";
import { FakeGallery } from "../../gallery/fake_gallery.ts";
import { embedding, type FakeWorker } from "../../recognition/fake_worker_client.ts";

const OBSERVE: FacePolicy = { liveness: "observe", livenessThreshold: 0.5, quality: "observe" };
const ENFORCE: FacePolicy = { liveness: "enforce", livenessThreshold: 0.5, quality: "enforce" };

/** Returns a worker that has seen these facts. */
const seeing = (worker: FakeWorker, seen: SeenFace): FakeWorker => async (signal) => {
  const result = await worker(signal);
  if (result.kind === "refusal") return { ...result, ...seen } as typeof result;
  if (result.kind !== "answer") return result;
  const { answer } = result;
  if (!("embedding" in answer)) return { ...result, ...seen } as typeof result;
  return { ...result, answer: { ...answer, face: { ...answer.face, ...seen } } } as typeof result;
};

/** Asks in each mode of the gallery. Returns the codes or the results, and the counted faults. */
async function outcomes(seen: SeenFace, policy: FacePolicy, ofKey: KeyPolicy = {}) {
  const { text, entry } = fakeKey(["authenticate"], { ...ofKey });
  const access = fakeAccess({ keys: [entry] });
  const gallery = new FakeGallery();
  gallery.policy = policy;
  const matching: FakeWorker = () => ({ kind: "answer", answer: MATCH });
  const apps = [
    createFakeApp({ access, policy, workers: [seeing(matching, seen)] }),
    createFakeApp({ access, policy, gallery, workers: [seeing(embedding("somebody"), seen)] }),
  ];
  return await Promise.all(apps.map(async ({ call, post, lines }) => {
    const response = await post({ headers: { Authorization: `Bearer ${text}` } });
    const body = await response.json();
    const metrics = await (await call("/metrics")).text();
    const counted = [...metrics.matchAll(/face_faults_total\{fault="(\w+)"\} 1/g)];
    assert(!JSON.stringify([body, lines]).includes("0.123"), "nobody gets the score");
    return [body.code ?? "answered", ...counted.map(([, fault]) => fault)].join(" ");
  }));
}

const both = (outcome: string) => [outcome, outcome];

Deno.test("a face that does not look live is refused where liveness is enforced", async () => {
  const fake = { liveness: 0.123 };
  assertEquals(await outcomes(fake, ENFORCE), both("not_live not_live"));
  assertEquals(await outcomes(fake, OBSERVE), both("answered not_live"));
  assertEquals(await outcomes(fake, { ...OBSERVE, liveness: "off" }), both("answered"));
  assertEquals(await outcomes({ liveness: 0.5 }, ENFORCE), both("answered"));
  // Nobody gets in because a worker sends no score.
  assertEquals(await outcomes({}, ENFORCE), both("not_live not_live"));
});

Deno.test("an unclear face is refused where quality is enforced", async () => {
  const unclear = { liveness: 1, unclear: true };
  assertEquals(await outcomes(unclear, ENFORCE), both("face_unclear face_unclear"));
  assertEquals(await outcomes(unclear, OBSERVE), both("answered face_unclear"));
  assertEquals(await outcomes(unclear, { ...OBSERVE, quality: "off" }), both("answered"));
});

Deno.test("a key can be stricter than the settings", async () => {
  const fake = { liveness: 0.123 }, unclear = { liveness: 1, unclear: true };
  const off: FacePolicy = { ...OBSERVE, quality: "off" };
  assertEquals(await outcomes(fake, OBSERVE, { liveness: "enforce" }), both("not_live not_live"));
  assertEquals(
    await outcomes(unclear, off, { quality: "enforce" }),
    both("face_unclear face_unclear"),
  );
  assertEquals(await outcomes(fake, OBSERVE, { quality: "enforce" }), both("answered not_live"));
});

Deno.test("a face that is refused does not learn that it matches several users", async () => {
  const ask = async (seen: SeenFace, policy: FacePolicy) => {
    const ambiguous: FakeWorker = () => ({
      kind: "refusal",
      problem: pictureProblem("ambiguous_match"),
    });
    const { post } = createFakeApp({ policy, workers: [seeing(ambiguous, seen)] });
    return (await (await post()).json()).code;
  };
  assertEquals(await ask({ liveness: 0.123 }, ENFORCE), "not_live");
  assertEquals(await ask({}, ENFORCE), "not_live");
  assertEquals(await ask({ liveness: 1, unclear: true }, ENFORCE), "face_unclear");
  assertEquals(await ask({ liveness: 1 }, ENFORCE), "ambiguous_match");
  assertEquals(await ask({ liveness: 0.123, unclear: true }, OBSERVE), "ambiguous_match");
});
