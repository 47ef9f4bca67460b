import { assert, assertEquals } from "@std/assert";
import sharp from "sharp";
import { sample } from "../../tests/support/pictures.ts";
import golden from "../pipeline/golden.json" with { type: "json" };
import type { FivePoints } from "../pipeline/landmarks.ts";
import { FAULTS } from "./faults.ts";

const { box: [left, top, right, bottom], points } = golden["user3.png"];
const FACE = {
  box: { left: left!, top: top!, right: right!, bottom: bottom! },
  points: points as unknown as FivePoints,
};

Deno.test("each fault has its own name and gives another picture, the same in every run", async () => {
  assertEquals(new Set(FAULTS.map(({ name }) => name)).size, FAULTS.length);
  const photo = await sample("user3.png");
  const before = await sharp(photo).removeAlpha().raw().toBuffer();
  for (const { name, turned, spoil } of FAULTS) {
    const spoiled = await spoil(photo, FACE);
    assertEquals(await spoil(photo, FACE), spoiled, name);
    const { data, info } = await sharp(spoiled).removeAlpha().raw().toBuffer({
      resolveWithObject: true,
    });
    if (!turned) assertEquals(data.length, before.length, name);
    assert(info.width >= 200 && !before.equals(data), name);
  }
});

Deno.test("a cover hides its part of the face and nothing else", async () => {
  const photo = await sample("user3.png");
  const { data: before, info } = await sharp(photo).removeAlpha().raw()
    .toBuffer({ resolveWithObject: true });
  const pixel = (data: Uint8Array, [x, y]: readonly [number, number]) => {
    const start = (Math.round(y) * info.width + Math.round(x)) * 3;
    return [...data.subarray(start, start + 3)];
  };
  const [leftEye, rightEye, , leftMouth, rightMouth] = FACE.points;
  const cases = {
    "a mask over nose and mouth": [[leftMouth, rightMouth], [leftEye, rightEye]],
    "dark glasses": [[leftEye, rightEye], [leftMouth, rightMouth]],
    "one half covered": [[rightEye, rightMouth], [leftEye, leftMouth]],
  } as const;
  for (const [name, [hidden, shown]] of Object.entries(cases)) {
    const spoiled = await FAULTS.find((fault) => fault.name === name)!.spoil(photo, FACE);
    const after = await sharp(spoiled).removeAlpha().raw().toBuffer();
    for (const point of shown) assertEquals(pixel(after, point), pixel(before, point), name);
    const colours = new Set(hidden.map((point) => pixel(after, point).join()));
    assertEquals(colours.size, 1, name);
  }
});
