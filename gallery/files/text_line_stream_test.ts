import { assertEquals, assertRejects } from "@std/assert";
import { TextLineStream } from "./text_line_stream.ts";

const lines = (pieces: readonly string[], maxLength?: number) =>
  Array.fromAsync(ReadableStream.from(pieces).pipeThrough(new TextLineStream(maxLength)));

Deno.test("lines are the same however the text is cut", async () => {
  const text = "one\n\ntwo\nthree";
  assertEquals(await lines([text]), ["one", "", "two", "three"]);
  assertEquals(await lines([...text]), ["one", "", "two", "three"]);
  assertEquals(await lines(["one\n"]), ["one"]);
  assertEquals(await lines([]), []);
});

Deno.test("a line that is too long ends the stream", async () => {
  assertEquals(await lines(["abc\nabc\n"], 3), ["abc", "abc"]);
  await assertRejects(() => lines(["ab", "cd"], 3), RangeError, "more than 3");
});
