import fc from "fast-check";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../env.ts";
import {
  type FacePolicy,
  facePolicy,
  judgeFace,
  type KeyPolicy,
  type Policy,
} from "./face_policy.ts";

const POLICIES: readonly Policy[] = ["off", "observe", "enforce"];

const policies: fc.Arbitrary<FacePolicy> = fc.record({
  liveness: fc.constantFrom(...POLICIES),
  livenessThreshold: fc.option(fc.double({ min: 0.001, max: 1, noNaN: true }), { nil: undefined }),
  quality: fc.constantFrom(...POLICIES),
});
const faces = fc.record({
  liveness: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  unclear: fc.boolean(),
});
const keys: fc.Arbitrary<KeyPolicy> = fc.record({
  liveness: fc.constantFrom("enforce" as const, undefined),
  quality: fc.constantFrom("enforce" as const, undefined),
});

Deno.test("off ignores a fault, observe names it, enforce refuses the face", () => {
  const face = { liveness: 0.4999, unclear: true };
  const judged = (liveness: Policy, quality: Policy) =>
    judgeFace(face, { liveness, livenessThreshold: 0.5, quality });
  assertEquals(judged("off", "off"), { refused: undefined, faults: [] });
  assertEquals(judged("observe", "off"), { refused: undefined, faults: ["not_live"] });
  assertEquals(judged("off", "observe"), { refused: undefined, faults: ["face_unclear"] });
  assertEquals(judged("enforce", "observe"), {
    refused: "not_live",
    faults: ["face_unclear", "not_live"],
  });
  assertEquals(judged("enforce", "enforce").refused, "face_unclear");
});

Deno.test("a face is live from the threshold on", () => {
  const policy = { liveness: "enforce", livenessThreshold: 0.5, quality: "enforce" } as const;
  assertEquals(judgeFace({ liveness: 0.5 }, policy).refused, undefined);
  assertEquals(judgeFace({ liveness: 0.499 }, policy).refused, "not_live");
});

Deno.test("where liveness is enforced, no face passes without a score and a threshold", () => {
  fc.assert(fc.property(faces, policies, keys, (face, policy, key) => {
    const { refused } = judgeFace(face, policy, key);
    if ((key.liveness ?? policy.liveness) !== "enforce" || refused !== undefined) return;
    assert(face.liveness !== undefined && policy.livenessThreshold !== undefined);
    assert(face.liveness >= policy.livenessThreshold);
  }));
  const policy = { liveness: "observe", livenessThreshold: undefined, quality: "enforce" } as const;
  assertEquals(judgeFace({ liveness: NaN }, { ...policy, livenessThreshold: 0.5 }).faults, [
    "not_live",
  ]);
  assertEquals(judgeFace({}, policy), { refused: undefined, faults: [] });
  assertEquals(judgeFace({}, policy, { liveness: "enforce" }).refused, "not_live");
});

Deno.test("a key is never less strict than the settings", () => {
  fc.assert(fc.property(faces, policies, keys, (face, policy, key) => {
    const without = judgeFace(face, policy), withKey = judgeFace(face, policy, key);
    if (without.refused !== undefined) assert(withKey.refused !== undefined);
    for (const fault of without.faults) assert(withKey.faults.includes(fault));
  }));
});

Deno.test("enforced liveness needs a threshold", () => {
  const values = { LIVENESS: "enforce", QUALITY: "enforce" } as const;
  assertThrows(() => facePolicy(values), ConfigError, "LIVENESS_THRESHOLD: must be set");
  assertEquals(facePolicy({ ...values, LIVENESS_THRESHOLD: 0.3 }).livenessThreshold, 0.3);
  assertEquals(facePolicy({ ...values, LIVENESS: "observe" }).livenessThreshold, undefined);
});
