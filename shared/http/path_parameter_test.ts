import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Problem } from "../contract/problem.ts";
import { pathParameter } from "./path_parameter.ts";

Deno.test("a part of a path is decoded, whatever it has", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const part = encodeURIComponent(text.toWellFormed());
    for (const rest of ["", "?a=/b/c", "#/d", "/templates/t1?x=1"]) {
      const url = `http://face-it.test:8080/users/${part}${rest}`;
      assertEquals(pathParameter(url, 0), "users");
      assertEquals(pathParameter(url, 1), text.toWellFormed());
    }
    assertEquals(pathParameter(`http://face-it.test/users/${part}/templates/%2E%2E`, 3), "..");
  }));
});

Deno.test("a part that is not percent-encoded UTF-8 is refused", () => {
  for (const part of ["%", "%z1", "%E0%A4", "%ED%A0%80", "%C3%28", "%ff"]) {
    const error = assertThrows(
      () => pathParameter(`http://face-it.test/users/${part}`, 1),
      Problem,
    );
    assertEquals(error.code, "invalid_request");
  }
});
