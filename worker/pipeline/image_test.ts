import { assertEquals } from "@std/assert";
import { clipBox } from "./image.ts";

Deno.test("a box is clipped to the picture", () => {
  const inside = { left: 1, top: 2, right: 3, bottom: 4 };
  assertEquals(clipBox(inside, 10, 10), inside);
  assertEquals(clipBox({ left: -5, top: 2, right: 30, bottom: 12 }, 20, 10), {
    left: 0,
    top: 2,
    right: 20,
    bottom: 10,
  });
  assertEquals(clipBox({ left: 25, top: -9, right: 30, bottom: -1 }, 20, 10), {
    left: 20,
    top: 0,
    right: 20,
    bottom: 0,
  });
});
