import { z } from "zod";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError, parseEnv } from "./env.ts";
import { choice, flag, fraction, integer } from "./setting.ts";

const Schema = z.object({
  NAME: z.string({ error: "must be set" }),
  PORT: integer(0, 65_535).default(8080),
  THRESHOLD: fraction().default(0.7),
  WARM: flag().default(false),
  MODE: choice("fast", "slow").default("fast"),
  KEY: z.string().optional(),
});

const parse = (variables: Record<string, string>) =>
  parseEnv(Schema, new Map(Object.entries({ NAME: "me", ...variables })));

Deno.test("each variable gets the type of its setting, and unknown variables are ignored", () => {
  assertEquals(
    parse({ PORT: "0", THRESHOLD: ".25", WARM: "true", MODE: "slow", KEY: "k", PATH: "/bin" }),
    { NAME: "me", PORT: 0, THRESHOLD: 0.25, WARM: true, MODE: "slow", KEY: "k" },
  );
});

Deno.test("an empty variable counts as missing", () => {
  const defaults = { NAME: "me", PORT: 8080, THRESHOLD: 0.7, WARM: false, MODE: "fast" } as const;
  assertEquals(parse({}), defaults);
  assertEquals(parse({ PORT: "", THRESHOLD: "", WARM: "", MODE: "", KEY: "" }), defaults);
  assertThrows(() => parse({ NAME: "" }), ConfigError, "NAME: must be set");
});

Deno.test("the error for a bad variable has its name and the reason, but not its value", () => {
  for (
    const [name, value, wrong] of [
      ["PORT", "-1", "must be a whole number"],
      ["PORT", "80.5", "must be a whole number"],
      ["PORT", "0x50", "must be a whole number"],
      ["PORT", " 80", "must be a whole number"],
      ["PORT", "1e3", "must be a whole number"],
      ["PORT", "65536", "must be at most 65535"],
      ["PORT", "9".repeat(16), "must be a whole number"],
      ["THRESHOLD", "0.0", "must be more than 0"],
      ["THRESHOLD", "1.25", "must be at most 1"],
      ["THRESHOLD", "-0.5", "must be a number"],
      ["THRESHOLD", "5e-1", "must be a number"],
      ["THRESHOLD", "NaN", "must be a number"],
      ["THRESHOLD", "Infinity", "must be a number"],
      ["WARM", "TRUE", "must be true or false"],
      ["WARM", "yes", "must be true or false"],
      ["MODE", "quick", "must be fast or slow"],
    ] as const
  ) {
    const { message } = assertThrows(() => parse({ [name]: value }), ConfigError);
    assertEquals(message.replace(` ${name}: ${wrong}`, ""), "Bad environment:");
  }
});

Deno.test("the error names all bad variables, in one line", () => {
  const { message } = assertThrows(
    () => parse({ NAME: "", PORT: "hunter2", MODE: "secret\nmode" }),
    ConfigError,
  );
  assertEquals(
    message,
    "Bad environment: NAME: must be set; PORT: must be a whole number; MODE: must be fast or slow",
  );
});

Deno.test("a number may be equal to its bounds", () => {
  assertEquals(parse({ PORT: "65535", THRESHOLD: "1" }).PORT, 65_535);
  assertEquals(parse({ THRESHOLD: "1" }).THRESHOLD, 1);
  assertEquals(parse({ THRESHOLD: "0.0001" }).THRESHOLD, 0.0001);
});

Deno.test("the configuration cannot be changed", () => {
  assert(Object.isFrozen(parse({})));
});
