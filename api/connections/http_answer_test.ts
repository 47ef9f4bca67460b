import fc from "fast-check";
import { assertEquals, assertThrows } from "@std/assert";
import { BadHttpAnswer, HttpAnswerReader } from "./http_answer.ts";

const LIMITS = { maxHeaderBytes: 200, maxBodyBytes: 50 };
const encode = (text: string) => new TextEncoder().encode(text);
const read = (text: string) => new HttpAnswerReader(LIMITS).read(encode(text));

Deno.test("an answer is read when all its bytes have arrived", () => {
  const text = "HTTP/1.1 422 Unprocessable Content\r\nContent-Type: a/b\r\n" +
    "X-Two: 1\r\nx-two:  2 \r\ncontent-length: 4\r\n\r\nbody";
  const reader = new HttpAnswerReader(LIMITS);
  for (let size = 0; size < text.length; size++) {
    assertEquals(reader.read(encode(text.slice(0, size))), undefined);
  }
  assertEquals(read(text), reader.read(encode(text)));
  const { statusCode, headers, body, keepsOpen } = read(text)!;
  assertEquals(
    { statusCode, headers: { ...headers }, body, keepsOpen },
    {
      statusCode: 422,
      headers: { "content-type": "a/b", "x-two": ["1", "2"], "content-length": "4" },
      body: encode("body"),
      keepsOpen: true,
    },
  );
});

Deno.test("a connection that the server will close is not kept", () => {
  const answer = (connection: string) =>
    read(`HTTP/1.1 200 OK\r\nConnection: ${connection}\r\nContent-Length: 0\r\n\r\n`);
  assertEquals(answer("keep-alive")?.keepsOpen, true);
  for (const connection of ["close", "Close", "keep-alive, close", ""]) {
    assertEquals(answer(connection)?.keepsOpen, false);
  }
});

Deno.test("an answer without content needs no length", () => {
  for (const length of ["", "Content-Length: 0\r\n"]) {
    const answer = read(`HTTP/1.1 204 No Content\r\nX: y\r\n${length}\r\n`);
    assertEquals([answer?.statusCode, answer?.body.length, answer?.keepsOpen], [204, 0, true]);
  }
});

Deno.test("bytes that are no such answer are refused", () => {
  const length = "Content-Length: 4\r\n";
  for (
    const text of [
      "220 mail.test\r\n\r\n",
      `HTTP/1.0 200 OK\r\n${length}\r\nbody`,
      `HTTP/2 200\r\n${length}\r\nbody`,
      `HTTP/1.1 100 Continue\r\n${length}\r\nbody`,
      `HTTP/1.1 2000 OK\r\n${length}\r\nbody`,
      ` HTTP/1.1 200 OK\r\n${length}\r\nbody`,
      "HTTP/1.1 200 OK\r\n\r\nbody",
      "HTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 204 No Content\r\n\r\nbody",
      `HTTP/1.1 204 No Content\r\n${length}\r\nbody`,
      "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody",
      "HTTP/1.1 200 OK\r\nContent-Length: +4\r\n\r\nbody",
      "HTTP/1.1 200 OK\r\nContent-Length: 4, 4\r\n\r\nbody",
      "HTTP/1.1 200 OK\r\nContent-Length: 0x4\r\n\r\nbody",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
      `HTTP/1.1 200 OK\r\n${length}Transfer-Encoding: chunked\r\n\r\nbody`,
      `HTTP/1.1 200 OK\r\n${length}X : 1\r\n\r\nbody`,
      `HTTP/1.1 200 OK\r\n${length}X\r\n\r\nbody`,
      `HTTP/1.1 200 OK\r\n${length}X: 1\n 2\r\n\r\nbody`,
      `HTTP/1.1 200 OK\r\n${length}X: 1\r\n 2\r\n\r\nbody`,
      `HTTP/1.1 200 OK\r\n${length}X: \0\r\n\r\nbody`,
      `HTTP/1.1 200 OK\r\n${length}\r\nbody+`,
      "HTTP/1.1 200 OK\r\nContent-Length: 51\r\n\r\n",
      `HTTP/1.1 200 OK\r\nX: ${"x".repeat(200)}`,
    ]
  ) assertThrows(() => read(text), BadHttpAnswer, "");
});

Deno.test("a header full of spaces is read at once", () => {
  const answer = (value: string) =>
    new HttpAnswerReader({ maxHeaderBytes: 4096, maxBodyBytes: 50 })
      .read(encode(`HTTP/1.1 200 OK\r\na:${value}\r\nContent-Length: 0\r\n\r\n`));
  const spaces = " \t".repeat(2000);
  // With an expression that goes back over the spaces, these two take most of a minute.
  for (const end of ["\0", "\x7f"]) {
    assertThrows(() => answer(spaces + end), BadHttpAnswer, "malformed");
  }
  assertEquals(answer(`${spaces}x`)?.headers["a"], "x");
  assertEquals(answer(`x${spaces}`)?.headers["a"], "x");
  assertEquals(answer(`x${spaces}y`)?.headers["a"], `x${spaces}y`);
  assertEquals(answer(spaces)?.headers["a"], "");
});

Deno.test("a header with a name of every object is only a header", () => {
  const { headers } = read(
    "HTTP/1.1 200 OK\r\n__proto__: a\r\nconstructor: b\r\nContent-Length: 0\r\n\r\n",
  )!;
  assertEquals(Object.keys(headers), ["__proto__", "constructor", "content-length"]);
  assertEquals(headers["toString"], undefined);
});

Deno.test("whatever arrives, the answer is within the bounds, or is refused", () => {
  const part = fc.constantFrom(
    "HTTP/1.1 200 OK",
    "\r\n",
    "\n",
    "Content-Length: 3",
    "Content-Length: 51",
    "X: y",
    ":",
    "abc",
    "\0",
  );
  const texts = fc.oneof(
    fc.array(part, { maxLength: 30 }).map((parts) => parts.join("")),
    fc.string(),
  );
  fc.assert(fc.property(texts, (text) => {
    try {
      const answer = read(text);
      if (answer === undefined) return encode(text).length < 250;
      return answer.body.length <= 50 && text.endsWith(new TextDecoder().decode(answer.body));
    } catch (error) {
      return error instanceof BadHttpAnswer;
    }
  }));
});
