import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { eventually } from "../tests/support/eventually.ts";
import { temporaryFolder } from "../tests/support/temporary_folder.ts";
import { createLogger, describeError, stackOf } from "./log.ts";
import { INVISIBLE } from "./safe_log_line.ts";

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

Deno.test("a cause that the message before repeats is described once", () => {
  const inner = new RangeError("The model is another one", { cause: new TypeError("A cause") });
  const outer = new Error(`gallery.json: ${inner.message}. Enrol again`, { cause: inner });
  assertEquals(
    describeError(outer),
    "Error: gallery.json: The model is another one. Enrol again: TypeError: A cause",
  );
  assertEquals(
    describeError(new Error("It failed", { cause: new RangeError("") })),
    "Error: It failed: RangeError: ",
  );
  const loop: Error & { cause?: unknown } = new Error("again");
  loop.cause = loop;
  assertEquals(describeError(loop), "Error: again");
});

Deno.test("the text that the parser of JSON quotes is not described", () => {
  for (const text of ["secret", '{"key": secret}', `{"image": "${"secret ".repeat(20)}" oops}`]) {
    try {
      JSON.parse(text);
    } catch (cause) {
      const described = describeError(new Error("It failed", { cause }));
      assertMatch(described, /^Error: It failed: SyntaxError: .+JSON/);
      assert(!described.includes("secret"), described);
    }
  }
});

Deno.test("a description is bounded, also when an error is its own cause", () => {
  const error = new Error("x".repeat(5000));
  assertEquals(describeError(error).length, 1000);
  const loop = new Error("It failed");
  loop.cause = loop;
  assert(describeError(loop).length < 1000);
});

Deno.test("a stack has places in the code, but no message", () => {
  const error = new TypeError("secret\n    at secret (file:///secret)");
  const stack = stackOf(error);
  assert(stack.length > 0 && stack.every((line) => line.startsWith("at ")), stack.join("\n"));
  assert(!stack.join("\n").includes("secret"), stack.join("\n"));
});

Deno.test("in both formats, a line shows invisible characters and hides secrets", async () => {
  for (const format of ["json", "pretty"] as const) {
    await using folder = await temporaryFolder();
    const output = folder.path("log");
    const log = await createLogger({ level: "info", format, service: "api" }, output);
    log.child({ worker: "a\u009bb" }).info(
      { path: "/\u202e\u001b[2J\n{}", error: "Bearer abcdefghijklmnop" },
      "message \u0007\u2066",
    );
    let text = "";
    await eventually(async () => {
      text = await Deno.readTextFile(output).catch(() => "");
      return text.endsWith("\n");
    }, "the line is written");
    // pino-pretty writes errors on a line of their own.
    const visible = text.replaceAll("\n", "");
    assertEquals(visible.match(INVISIBLE), null, JSON.stringify(text));
    for (const part of ["u{9b}", "u{202e}", "u{1b}[2J", "u{a}{}", "u{7}", "Bearer [hidden]"]) {
      assertStringIncludes(text, part);
    }
  }
});
