import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Face, FaceNetwork, View } from "./face_network.ts";
import type { Box } from "./image.ts";
import { lookAgain, MIN_FACE_WIDTH_PX, planSecondLook } from "./second_look.ts";

const sizes = fc.record({
  width: fc.integer({ min: 1, max: 16_384 }),
  height: fc.integer({ min: 1, max: 16_384 }),
}).filter(({ width, height }) => width * height <= 4_000_000);

/** Sizes of photos: at most twice as wide as high, or the other way round. */
const photos = fc.record({
  width: fc.integer({ min: 41, max: 2800 }),
  height: fc.integer({ min: 61, max: 2800 }),
}).filter(({ width, height }) =>
  width * height <= 4_000_000 && width <= 2 * height && height <= 2 * width
);

const widthOf = ({ left, right }: Box): number => right - left;
const heightOf = ({ top, bottom }: Box): number => bottom - top;

Deno.test("the second look has at most ten views, all inside the picture and undistorted", () => {
  fc.assert(fc.property(sizes, ({ width, height }) => {
    const views = planSecondLook({ width, height });
    assert(views.length <= 10);
    for (const { region, width: inWidth, height: inHeight } of views) {
      assert(region.left >= 0 && region.right <= width && widthOf(region) >= 1);
      assert(region.top >= 0 && region.bottom <= height && heightOf(region) >= 1);
      for (const side of Object.values(region)) assert(Number.isInteger(side));
      assert(inWidth >= 1 && inWidth <= 320 && inHeight >= 1 && inHeight <= 240);
      const scales = [inWidth / widthOf(region), inHeight / heightOf(region)];
      // Rounding to whole pixels changes a side of the input by at most one pixel.
      const tolerance = Math.max(1 / widthOf(region), 1 / heightOf(region));
      assert(Math.abs(scales[0]! - scales[1]!) <= tolerance, `${scales}`);
    }
  }));
});

Deno.test("every pixel of the picture is in a tile, and a face at the edge of a tile is whole in another", () => {
  fc.assert(
    fc.property(
      photos,
      fc.double({ noNaN: true, min: 0, max: 1 }),
      fc.double({
        noNaN: true,
        min: 0,
        max: 1,
      }),
      ({ width, height }, x, y) => {
        const left = Math.round(x * (width - 40)), top = Math.round(y * (height - 60));
        const [whole, ...tiles] = planSecondLook({ width, height });
        const isIn = ({ region }: View) =>
          region.left <= left && region.right >= left + 40 && region.top <= top &&
          region.bottom >= top + 60;
        assert(isIn(whole!));
        assert(tiles.length === 0 || tiles.some(isIn), `${left}, ${top}`);
      },
    ),
  );
});

Deno.test("in a photo, a face of 40 pixels is about 12 pixels wide in some view of either look", () => {
  fc.assert(fc.property(photos, ({ width, height }) => {
    const scales = planSecondLook({ width, height }).slice(1).map((view) =>
      view.width / widthOf(view.region)
    );
    // Without tiles, the first look shows all pixels at this scale.
    if (scales.length === 0) scales.push(320 / width);
    assert(Math.min(...scales) * MIN_FACE_WIDTH_PX > 11.5, `${width} x ${height}: ${scales}`);
  }));
});

Deno.test("small pictures cost one view more, or two when they are high or wide", () => {
  const views = (width: number, height: number) => planSecondLook({ width, height }).length;
  assertEquals(views(250, 250), 1);
  assertEquals(views(640, 480), 1);
  assertEquals(views(480, 640), 2);
  assertEquals(views(1, 1), 1);
});

const PICTURE = { width: 2000, height: 1500, data: new Uint8Array() };
const square = (left: number, top: number, width: number): Box => ({
  left,
  top,
  right: left + width,
  bottom: top + width,
});

/** A network that finds each box where it is 10 to 240 pixels wide and whole. It counts its runs. */
function networkOf(faces: readonly (Face & { readonly onlyOnce?: boolean })[]) {
  const views: View[] = [];
  const find: FaceNetwork = (_image, view, minScore) => {
    const confirms = views.length >= planSecondLook(PICTURE).length;
    views.push(view);
    const { region, width } = view;
    const found = faces.filter(({ box, score, onlyOnce }) => {
      const inInput = widthOf(box) * width / widthOf(region);
      const whole = box.left >= region.left && box.right <= region.right &&
        box.top >= region.top && box.bottom <= region.bottom;
      return score >= minScore && inInput >= 10 && inInput <= 240 && whole &&
        !(confirms && onlyOnce);
    });
    return Promise.resolve(found.map(({ box, score }) => ({ box, score })));
  };
  return { find, views };
}

Deno.test("a small face is found, wherever it is, and once", async () => {
  const anywhere = fc.tuple(fc.integer({ min: 0, max: 1960 }), fc.integer({ min: 0, max: 1460 }));
  await fc.assert(fc.asyncProperty(anywhere, async ([left, top]) => {
    const face = { box: square(left, top, 40), score: 0.95 };
    assertEquals(await lookAgain(PICTURE, networkOf([face]).find), [face]);
  }));
});

Deno.test("two small faces in different tiles are both found", async () => {
  const two = [
    { box: square(10, 10, 44), score: 0.99 },
    { box: square(1900, 1400, 40), score: 0.95 },
  ];
  assertEquals(await lookAgain(PICTURE, networkOf(two).find), two);
});

Deno.test("a candidate that is not found again at another size is not a face", async () => {
  const texture = { box: square(500, 500, 44), score: 0.99, onlyOnce: true };
  assertEquals(await lookAgain(PICTURE, networkOf([texture]).find), []);
  const face = { box: square(900, 900, 44), score: 0.95 };
  assertEquals(await lookAgain(PICTURE, networkOf([texture, face]).find), [face]);
});

Deno.test("a face of the second look needs a score of 0.9 at another size", async () => {
  for (const [score, count] of [[0.49, 0], [0.89, 0], [0.9, 1]] as const) {
    const { find } = networkOf([{ box: square(500, 500, 44), score }]);
    assertEquals((await lookAgain(PICTURE, find)).length, count, `${score}`);
  }
});

Deno.test("a crowd costs four runs more, and all its faces count", async () => {
  const crowd = Array.from({ length: 20 }, (_, i) => ({
    box: square(30 + i * 90, 700, 45),
    score: 0.99 - i / 1000,
  }));
  const { find, views } = networkOf(crowd);
  assertEquals((await lookAgain(PICTURE, find)).length, 20);
  assertEquals(views.length, planSecondLook(PICTURE).length + 4);
});

Deno.test("when none of the best candidates is a face, the other ones do not count either", async () => {
  const textures = Array.from({ length: 20 }, (_, i) => ({
    box: square(30 + i * 90, 700, 45),
    score: 0.99 - i / 1000,
    onlyOnce: true,
  }));
  assertEquals(await lookAgain(PICTURE, networkOf(textures).find), []);
});
