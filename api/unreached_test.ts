import { assertEquals } from "@std/assert";
import { isUnreached } from "./unreached.ts";

const withCode = (code: string) => Object.assign(new Error("connect failed"), { code });

Deno.test("an error while connecting, or with such a cause, means that the server was not reached", () => {
  for (
    const code of ["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]
  ) {
    assertEquals(isUnreached(withCode(code)), true, code);
    const outer = new TypeError("fetch failed", { cause: withCode(code) });
    assertEquals(isUnreached(outer), true, `cause ${code}`);
  }
});

Deno.test("after any other error, the server may have been reached", () => {
  for (const error of [withCode("ECONNRESET"), new Error("?"), "ECONNREFUSED", undefined]) {
    assertEquals(isUnreached(error), false);
  }
});
