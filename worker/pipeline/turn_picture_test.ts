import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { DecodedPicture } from "./decode.ts";
import type { QuarterTurns } from "./landmarks.ts";
import { turnBoxBack, turnPicture, turnPointBack } from "./turn_picture.ts";

const sides = fc.integer({ min: 1, max: 12 });
const turns = fc.constantFrom<QuarterTurns>(0, 1, 2, 3);

/** A picture whose pixels have their own place as colour. */
function places(width: number, height: number): DecodedPicture {
  const data = Uint8Array.from(
    { length: width * height * 3 },
    (_, i) => [Math.floor(i / 3) % width, Math.floor(i / 3 / width), 0][i % 3]!,
  );
  return { width, height, data, original: { width: width * 2, height: height * 2 } };
}

Deno.test("each pixel of a turned picture maps back to its place", async () => {
  await fc.assert(fc.asyncProperty(sides, sides, turns, async (width, height, turns) => {
    const picture = places(width, height);
    const turned = await turnPicture(picture, turns);
    assertEquals([turned.original.width, turned.original.height], [
      turned.width * 2,
      turned.height * 2,
    ]);
    for (let y = 0, p = 0; y < turned.height; y++) {
      for (let x = 0; x < turned.width; x++, p += 3) {
        const place = turnPointBack([x, y], turns, turned);
        assertEquals(place, [turned.data[p]!, turned.data[p + 1]!]);
        const pixel = { left: x, top: y, right: x + 1, bottom: y + 1 };
        const { left, top, right, bottom } = turnBoxBack(pixel, turns, turned);
        assertEquals([left, top, right, bottom], [...place, place[0] + 1, place[1] + 1]);
      }
    }
  }));
});

Deno.test("a picture on its left side is upright after one turn clockwise", async () => {
  // The face's left eye is at the bottom, its right eye at the top: (0, 1) becomes (0, 0).
  const { width, height, data } = await turnPicture(places(1, 2), 1);
  assertEquals([width, height, [...data]], [2, 1, [0, 1, 0, 0, 0, 0]]);
  const box = turnBoxBack({ left: 0.5, top: 0, right: 2, bottom: 1 }, 1, { width, height });
  Object.values(box).forEach((value, i) => assertAlmostEquals(value, [0, 0, 1, 1.5][i]!, 1e-9));
});
