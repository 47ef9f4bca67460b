import { assertEquals, assertThrows } from "@std/assert";
import { type HttpRequest, requestHead } from "./request_head.ts";

const REQUEST: HttpRequest = {
  method: "GET",
  origin: new URL("http://gallery.test:8000"),
  path: "/",
  headers: {},
};

Deno.test("a request with a body, and one that must have a body, has a length", () => {
  const lengthOf = (more: Partial<HttpRequest>) =>
    requestHead({ ...REQUEST, ...more }).split("\r\n")[2];
  const body = new Uint8Array(7);
  for (const method of ["GET", "PUT", "POST", "DELETE"] as const) {
    assertEquals(lengthOf({ method, body }), "content-length: 7");
  }
  for (const method of ["PUT", "POST"] as const) {
    assertEquals(lengthOf({ method }), "content-length: 0");
  }
  for (const method of ["GET", "DELETE"] as const) assertEquals(lengthOf({ method }), "");
});

Deno.test("a path is sent as it is", () => {
  assertEquals(
    requestHead({
      ...REQUEST,
      method: "DELETE",
      path: "/users/%2E?a=%20",
      headers: { "X-A": "b c" },
    }),
    "DELETE /users/%2E?a=%20 HTTP/1.1\r\nhost: gallery.test:8000\r\nX-A: b c\r\n\r\n",
  );
});

Deno.test("a path or a header cannot add a line", () => {
  for (const path of ["", "users", "/a b", "/\r\nX: y", "/\u{e9}", "http://other.test/"]) {
    assertThrows(() => requestHead({ ...REQUEST, path }), TypeError, "path");
  }
  for (const value of ["1\r\nX: y", "\0", "\u{e9}"]) {
    assertThrows(() => requestHead({ ...REQUEST, headers: { "X-A": value } }), TypeError, "X-A");
  }
});
