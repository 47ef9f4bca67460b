import { assertAlmostEquals, assertEquals } from "@std/assert";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { cosine, normalize } from "../../../matching/vector.ts";
import { toInt8 } from "./to_int8.ts";

Deno.test("rounding to bytes changes a cosine by less than 0.002", () => {
  const people = randomPeople(20, 2, 512, 0.8).flat();
  const rounded = people.map((embedding) => normalize(toInt8(embedding)));
  people.forEach((a, i) => {
    assertEquals(Math.max(...toInt8(a).map(Math.abs)), 127);
    people.forEach((b, j) => {
      assertAlmostEquals(cosine(rounded[i]!, rounded[j]!), cosine(a, b), 0.002);
    });
  });
});

Deno.test("the scale of an embedding does not change the bytes", () => {
  for (const scale of [1e-30, 1, 1e30]) {
    assertEquals(toInt8([0, scale, -scale / 2, scale / 127]), Int8Array.of(0, 127, -63, 1));
  }
});
