import { z } from "zod";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { choice, ConfigError, flag, fraction, integer, parseEnv, SERVICE_ENV } from "./env.ts";

const Schema = z.object({
  NAME: z.string({ error: "must be set" }),
  PORT: integer(0, 65_535).default(8080),
  THRESHOLD: fraction(0, 1).default(0.7),
  WARM: flag.default(false),
  MODE: choice("fast", "slow").default("fast"),
  KEY: z.string().optional(),
});

const parse = (variables: Record<string, string>) =>
  parseEnv(Schema, new Map(Object.entries({ NAME: "me", ...variables })));

Deno.test("variables are read into their types, others are left alone", () => {
  assertEquals(
    parse({ PORT: "0", THRESHOLD: ".25", WARM: "true", MODE: "slow", KEY: "k", PATH: "/bin" }),
    { NAME: "me", PORT: 0, THRESHOLD: 0.25, WARM: true, MODE: "slow", KEY: "k" },
  );
});

Deno.test("an empty variable counts as absent", () => {
  const defaults = { NAME: "me", PORT: 8080, THRESHOLD: 0.7, WARM: false, MODE: "fast" } as const;
  assertEquals(parse({}), defaults);
  assertEquals(parse({ PORT: "", THRESHOLD: "", WARM: "", MODE: "", KEY: "" }), defaults);
  assertThrows(() => parse({ NAME: "" }), ConfigError, "NAME: must be set");
});

Deno.test("a bad variable is named with what is wrong, never with its value", () => {
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

Deno.test("all bad variables are named, in one line", () => {
  const { message } = assertThrows(
    () => parse({ NAME: "", PORT: "hunter2", MODE: "secret\nmode" }),
    ConfigError,
  );
  assertEquals(
    message,
    "Bad environment: NAME: must be set; PORT: must be a whole number; MODE: must be fast or slow",
  );
});

Deno.test("a number may be as small and as large as its bounds", () => {
  assertEquals(parse({ PORT: "65535", THRESHOLD: "1" }).PORT, 65_535);
  assertEquals(parse({ THRESHOLD: "1" }).THRESHOLD, 1);
  assertEquals(parse({ THRESHOLD: "0.0001" }).THRESHOLD, 0.0001);
});

Deno.test("the configuration does not change any more", () => {
  assert(Object.isFrozen(parse({})));
});

Deno.test("what every service has, has defaults", () => {
  assertEquals(parseEnv(z.object(SERVICE_ENV), new Map()), {
    HOST: "0.0.0.0",
    PORT: 8080,
    LOG_LEVEL: "info",
    LOG_FORMAT: "auto",
    MAX_IMAGE_BYTES: 10_485_760,
    BODY_TIMEOUT_MS: 5000,
    REQUESTS_PER_WORKER: 1,
  });
});
