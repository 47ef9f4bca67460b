import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { INVISIBLE, safeLogLine } from "./safe_log_line.ts";

const logged = (value: unknown) => JSON.parse(safeLogLine(`${JSON.stringify({ value })}\n`)).value;

Deno.test("characters that a reader cannot see are written with their number", () => {
  for (
    const [character, code] of [
      ["\u001b", "1b"],
      ["\n", "a"],
      ["\r", "d"],
      ["\t", "9"],
      ["\b", "8"],
      ["\u007f", "7f"],
      ["\u009b", "9b"],
      ["\u0085", "85"],
      ["\u00a0", "a0"],
      ["\u00ad", "ad"],
      ["\u061c", "61c"],
      ["\u200b", "200b"],
      ["\u202e", "202e"],
      ["\u2066", "2066"],
      ["\u2028", "2028"],
      ["\ufeff", "feff"],
      ["\ufe0f", "fe0f"],
      ["\u3164", "3164"],
      ["\u2800", "2800"],
      ["\u{e0041}", "e0041"],
      ["\ud800", "d800"],
    ] as const
  ) {
    assertEquals(logged(`/a${character}b`), `/a\\u{${code}}b`);
  }
});

Deno.test("text that a reader can see stays as it is", () => {
  for (
    const text of [
      "/authenticate",
      "Zoë Łukasz 山田太郎 Ωμέγα",
      'a "quoted" \\ backslash / slash',
      "\\u001b is not a control character here",
      "face-it-worker-6d5f7c9b8-x2x9z.face-it-workers.svc.cluster.local:8080",
      "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
      "/Users/Ada1/Documents/Projects/face-it/test-data/embeddings/Gallery2.json",
      "http://127.0.0.1:8080/ready",
      "is this a question? yes",
    ]
  ) {
    assertEquals(logged(text), text);
  }
});

Deno.test("tokens, keys, queries and encoded data are hidden", () => {
  const key = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=";
  for (
    const [text, expected] of [
      ["authorization: Bearer abcdef123456", "authorization: Bearer [hidden]"],
      ["BASIC YWRtaW46c2VjcmV0", "BASIC [hidden]"],
      [`the key ${key}`, "the key [hidden]"],
      ["x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "x [hidden]"],
      [
        "http://10.0.0.7:8080/authenticate?user_id=ada",
        "http://10.0.0.7:8080/authenticate?[hidden]",
      ],
      ["/authenticate%3Fuser_id=ada", "/authenticate%3F[hidden]"],
      ["https://ada:secret@proxy:3128/", "https://[hidden]@proxy:3128/"],
      [`data ${"iVBORw0KGgoAAAANSUhEUgAA/8BJRU5ErkJggg".repeat(20)}`, "data [hidden]"],
    ] as const
  ) {
    assertEquals(logged(text), expected);
  }
});

Deno.test("every log line is one line of JSON without invisible characters", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 80 }), fc.string(), (a, b) => {
    const line = safeLogLine(`${JSON.stringify({ [b]: [a, { [a]: b }] })}\n`);
    assert(line.endsWith("\n"));
    assertEquals(line.slice(0, -1).match(INVISIBLE), null);
    const values = JSON.stringify(JSON.parse(line));
    // No escape of JSON is left that stands for an invisible character.
    assertEquals(JSON.stringify(JSON.parse(values)).match(INVISIBLE), null);
    for (const text of texts(JSON.parse(line))) assertEquals(text.match(INVISIBLE), null);
  }));
});

function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...texts(inner)]);
}
