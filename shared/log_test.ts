import { assertEquals } from "@std/assert";
import { describeError } from "./log.ts";

Deno.test("an error is described by its name and message, and those of its causes", () => {
  const root = new RangeError("Out of bounds");
  const middle = new TypeError("Bad argument", { cause: root });
  assertEquals(
    describeError(new Error("It failed", { cause: middle })),
    "Error: It failed: TypeError: Bad argument: RangeError: Out of bounds",
  );
});

Deno.test("other properties of an error are not described", () => {
  const error = Object.assign(new Error("It failed"), { body: "a picture", embedding: [1, 2] });
  assertEquals(describeError(error), "Error: It failed");
});

Deno.test("a value that is not an error is described as text", () => {
  assertEquals(describeError("a word"), "a word");
  assertEquals(describeError(undefined), "undefined");
  assertEquals(describeError(new Error("It failed", { cause: 7 })), "Error: It failed: 7");
});
