import { assertEquals, assertThrows } from "@std/assert";
import { readRequired } from "./needs.ts";

Deno.test("without FACE_IT_REQUIRE no need is required", () => {
  assertEquals([...readRequired(undefined)], []);
  assertEquals([...readRequired("")], []);
});

Deno.test("FACE_IT_REQUIRE names the needs that must be met", () => {
  assertEquals([...readRequired("helm, cluster")], ["helm", "cluster"]);
});

Deno.test("FACE_IT_REQUIRE=all requires every need", () => {
  const all = readRequired("all");
  for (const need of ["chromium", "cluster", "helm", "node", "photographs", "schemathesis"]) {
    assertEquals(all.has(need as "helm"), true, need);
  }
});

Deno.test("a need that does not exist is refused, so that a typing error skips nothing", () => {
  assertThrows(() => readRequired("helm,clutser"), TypeError, '"clutser"');
});
