import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import sharp from "sharp";
import { Problem } from "../../shared/contract/problem.ts";
import { cosine } from "../../matching/vector.ts";
import { ModelError } from "../inference/session.ts";
import { localModelPaths } from "../commands/model_paths.ts";
import { CHECKOUT_MODEL, CHECKOUT_MODEL_NAME } from "../../tests/support/checkout_model.ts";
import { sample } from "../../tests/support/pictures.ts";
import { loadModels } from "../models.ts";
import golden from "./golden.json" with { type: "json" };
import sface from "./golden_sface.json" with { type: "json" };
import { createPipeline, type RecognizedFace } from "./pipeline.ts";

// golden.json holds the results of this pipeline for the sample pictures, with the first 16 numbers
// of each embedding by the small model. They were recorded when they agreed with another
// implementation (tests/accuracy). golden_sface.json holds the numbers by SFace for the same faces.
const PICTURES = Object.keys(golden) as (keyof typeof golden)[];

/**
 * Bytes that a picture may leave to the garbage collection: 0.33 MB are usual. The pixels of the
 * sample picture have 0.87 MB, and those of its aligned face 0.15 MB.
 */
const MOST_BYTES_LEFT = 450_000;

const { models, quality } = await loadModels(localModelPaths(Deno.env));

async function recognizeAll(): Promise<Map<string, RecognizedFace>> {
  await using pipeline = await createPipeline(models, { maxPixels: 51_000_000 });
  const faces = new Map<string, RecognizedFace>();
  for (const picture of PICTURES) {
    faces.set(picture, await pipeline.recognize(await sample(picture)));
  }
  return faces;
}

const faces = await recognizeAll();

Deno.test("the sample pictures still have the recorded boxes, points and embeddings", () => {
  for (const picture of PICTURES) {
    const { box, points, embedding } = faces.get(picture)!;
    const expected = golden[picture];
    assertNear(Object.values(box), expected.box, 0.5, `${picture}: box`);
    assertNear(points.flat(), expected.points.flat(), 0.2, `${picture}: points`);
    const numbers = CHECKOUT_MODEL_NAME === "small" ? expected.embedding : sface[picture];
    assertNear([...embedding.subarray(0, 16)], numbers, 1e-3, `${picture}: embedding`);
  }
});

Deno.test("every embedding has the model's length and is normalised", () => {
  for (const { embedding } of faces.values()) {
    assertEquals(embedding.length, CHECKOUT_MODEL.dimension);
    assertAlmostEquals(cosine(embedding, embedding), 1, 1e-5);
  }
});

Deno.test("pictures of the same person are similar, and pictures of different people are not", () => {
  for (const [i, a] of PICTURES.entries()) {
    for (const b of PICTURES.slice(i + 1)) {
      const similarity = cosine(faces.get(a)!.embedding, faces.get(b)!.embedding);
      const same = a.startsWith("user1") && b.startsWith("user1");
      assert(same ? similarity > 0.5 : similarity < 0.3, `${a} and ${b}: ${similarity}`);
    }
  }
});

Deno.test("a picture without a face is refused", async () => {
  await using pipeline = await createPipeline(models, { maxPixels: 1_000_000 });
  const wall = { create: { width: 320, height: 240, channels: 3, background: "gray" } } as const;
  const picture = await sharp(wall).png().toBuffer();
  const problem = await assertRejects(() => pipeline.recognize(picture), Problem);
  assertEquals(problem.code, "no_face");
});

const UPRIGHT = "user3.png";
/** Codes for a turned face; the detector does not see every turned face as one face. */
const REFUSALS = ["face_not_upright", "no_face", "multiple_faces"];
const turned = async (degrees: number) =>
  await sharp(await sample(UPRIGHT)).rotate(degrees, { background: "gray" }).png().toBuffer();

Deno.test("the sample pictures are good enough, and their faces have plausible measures", async () => {
  await using pipeline = await createPipeline(models, { maxPixels: 1_000_000, quality });
  for (const picture of PICTURES) {
    const face = await pipeline.recognize(await sample(picture));
    assertEquals(face, faces.get(picture));
    const { rollDegrees, shapeDistance, embeddingLength } = face.quality;
    assert(Math.abs(rollDegrees) < 50 && shapeDistance < 0.25 && embeddingLength > 3, picture);
  }
});

Deno.test("a face that lies on its side, stands on its head or is tilted too much is not upright", async () => {
  await using gate = await createPipeline(models, { maxPixels: 1_000_000, quality });
  const accepting = { maxPixels: 1_000_000, quality };
  await using lenient = await createPipeline(models, { ...accepting, acceptUnclear: true });
  await using probes = await createPipeline(models, { ...accepting, acceptUnclearProbes: true });
  for (const degrees of [90, 180, 270, 75, 105, 135, 165, 195, 225, 255, 285]) {
    const picture = await turned(degrees);
    for (const pipeline of [gate, lenient, probes]) {
      const { code } = await assertRejects(() => pipeline.recognize(picture), Problem);
      assert(REFUSALS.includes(code), `${degrees}: ${code}`);
      if (degrees % 90 === 0) assertEquals(code, "face_not_upright");
    }
  }
});

Deno.test("a picture on its side or upside down is turned upright on request", async () => {
  await using pipeline = await createPipeline(models, {
    maxPixels: 1_000_000,
    quality,
    turnUpright: true,
  });
  const upright = faces.get(UPRIGHT)!;
  const { width, height } = await sharp(await sample(UPRIGHT)).metadata();
  for (const degrees of [90, 180, 270] as const) {
    const face = await pipeline.recognize(await turned(degrees));
    assert(cosine(face.embedding, upright.embedding) > 0.98, `${degrees}`);
    // The box and the points are in pixels of the picture that was sent.
    const toSent = ([x, y]: readonly number[]) =>
      ({ 90: [height - y!, x!], 180: [width - x!, height - y!], 270: [y!, width - x!] })[degrees];
    const { left, top, right, bottom } = upright.box;
    const corners = [toSent([left, top]), toSent([right, bottom])];
    const columns = corners.map(([x]) => x!).toSorted((a, b) => a - b);
    const rows = corners.map(([, y]) => y!).toSorted((a, b) => a - b);
    const expected = [columns[0]!, rows[0]!, columns[1]!, rows[1]!];
    assertNear(Object.values(face.box), expected, 6, `${degrees}: box`);
    assertNear(face.points.flat(), upright.points.flatMap(toSent), 6, `${degrees}: points`);
  }
});

Deno.test("a picture is not turned when a template will be made of it", async () => {
  await using pipeline = await createPipeline(models, {
    maxPixels: 1_000_000,
    quality,
    turnUpright: true,
  });
  const picture = await turned(90);
  await pipeline.recognize(picture);
  const { code } = await assertRejects(
    () => pipeline.recognize(picture, { forTemplate: true }),
    Problem,
  );
  assertEquals(code, "face_not_upright");
});

Deno.test("a picture is not turned when its face is good, or not good in the turned picture", async () => {
  await using pipeline = await createPipeline(models, {
    maxPixels: 1_000_000,
    quality,
    turnUpright: true,
  });
  for (const picture of PICTURES) {
    assertEquals(await pipeline.recognize(await sample(picture)), faces.get(picture));
  }
  for (const degrees of [0, 90, 180, 270]) {
    const blurred = await sharp(await turned(degrees)).blur(8).png().toBuffer();
    const { code } = await assertRejects(() => pipeline.recognize(blurred), Problem);
    assert(["face_unclear", ...REFUSALS].includes(code), `${degrees}: ${code}`);
  }
});

Deno.test("a face that is tilted by up to 30 degrees is accepted and stays the same face", async () => {
  await using pipeline = await createPipeline(models, { maxPixels: 1_000_000, quality });
  for (const degrees of [-30, -15, 15, 30]) {
    const { embedding, quality } = await pipeline.recognize(await turned(degrees));
    assertAlmostEquals(quality.rollDegrees, degrees, 10);
    assert(cosine(embedding, faces.get(UPRIGHT)!.embedding) > 0.6, `${degrees}`);
  }
});

Deno.test("an unclear face is refused, unless unclear faces are accepted", async () => {
  const blurred = await sharp(await sample(UPRIGHT)).blur(8).png().toBuffer();
  await using gate = await createPipeline(models, { maxPixels: 1_000_000, quality });
  const { code } = await assertRejects(() => gate.recognize(blurred), Problem);
  assertEquals(code, "face_unclear");
  await using open = await createPipeline(models, {
    maxPixels: 1_000_000,
    quality,
    acceptUnclear: true,
  });
  const { embeddingLength } = (await open.recognize(blurred)).quality;
  assert(embeddingLength < quality.min_embedding_length, `${embeddingLength}`);
});

Deno.test("an unclear probe is accepted and told where probes may be unclear, a template never", async () => {
  const blurred = await sharp(await sample(UPRIGHT)).blur(8).png().toBuffer();
  await using open = await createPipeline(models, {
    maxPixels: 1_000_000,
    quality,
    turnUpright: true,
    acceptUnclearProbes: true,
  });
  assertEquals((await open.recognize(blurred)).unclear, true);
  assertEquals("unclear" in await open.recognize(await sample(UPRIGHT)), false);
  const { code } = await assertRejects(
    () => open.recognize(blurred, { forTemplate: true }),
    Problem,
  );
  assertEquals(code, "face_unclear");
});

Deno.test("a picture with more pixels than the limit is refused", async () => {
  await using pipeline = await createPipeline(models, { maxPixels: 100 });
  const picture = await sample(PICTURES[0]!);
  const problem = await assertRejects(() => pipeline.recognize(picture), Problem);
  assertEquals(problem.code, "payload_too_large");
});

Deno.test("a model of the wrong kind is refused", async () => {
  const limits = { maxPixels: 100 };
  const { detector, landmarks, recognition } = models;
  for (
    const [swapped, complaint] of [
      [{ detector: landmarks, landmarks, recognition }, "face detection model"],
      [{ detector, landmarks: recognition, recognition }, "landmark model"],
      [{ detector, landmarks, recognition: detector }, "recognition model"],
    ] as const
  ) {
    await assertRejects(() => createPipeline(swapped, limits), ModelError, complaint);
  }
});

Deno.test("the pixels of a picture and of its face are freed before garbage is collected", async () => {
  await using pipeline = await createPipeline(models, { maxPixels: 1_000_000 });
  const picture = await sample("user1_similar.png");
  const grown: number[] = [];
  for (let i = 0; i < 9; i++) {
    const before = Deno.memoryUsage().external;
    await pipeline.recognize(picture);
    grown.push(Deno.memoryUsage().external - before);
  }
  // Collections of garbage make a few of them negative.
  const usual = grown.toSorted((a, b) => a - b)[4]!;
  assert(usual < MOST_BYTES_LEFT, `${grown}`);
});

Deno.test("warming up does not change the results", async () => {
  await using pipeline = await createPipeline(models, { maxPixels: 51_000_000 });
  await pipeline.warmUp();
  const { embedding } = await pipeline.recognize(await sample(PICTURES[0]!));
  assertAlmostEquals(cosine(embedding, faces.get(PICTURES[0]!)!.embedding), 1, 1e-5);
});

function assertNear(
  actual: readonly number[],
  expected: readonly number[],
  tolerance: number,
  label: string,
): void {
  assertEquals(actual.length, expected.length, label);
  actual.forEach((value, i) => {
    const message = `${label}: ${value} instead of ${expected[i]}`;
    assertAlmostEquals(value, expected[i]!, tolerance, message);
  });
}
