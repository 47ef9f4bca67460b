import fc from "fast-check";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { createFakeApp } from "../fake_app.ts";
import { isUserText, MAX_USER_TEXT_LENGTH } from "../../shared/contract/user_text.ts";
import { MATCH, NON_MATCH } from "../../shared/contract/fake_answers.ts";
import { PROBLEM_CODES, PROBLEMS } from "../../shared/contract/problem.ts";
import { describeError } from "../../shared/log.ts";
import { BadAnswer, MAX_ANSWER_BYTES, readIdentity } from "./read_worker_answer.ts";
import type { WorkerResult } from "./worker_client.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function read(value: unknown, status = 200, userId?: string) {
  const body = value instanceof Uint8Array ? value.slice() : encode(JSON.stringify(value) ?? "");
  return readIdentity({ statusCode: status, headers: {}, body }, userId);
}

Deno.test("the longest id and name fit, and one character more is refused", () => {
  const longest = "\u{1F600}".repeat(MAX_USER_TEXT_LENGTH / 2);
  const answer = { ...MATCH, user_id: longest, user_name: "用".repeat(MAX_USER_TEXT_LENGTH) };
  assertEquals(read(answer), { kind: "answer", answer });
  for (const field of ["user_id", "user_name"]) {
    for (const text of ["", "x".repeat(MAX_USER_TEXT_LENGTH + 1), "x".repeat(60_000)]) {
      assertThrows(() => read({ ...MATCH, [field]: text }), BadAnswer);
    }
  }
});

Deno.test("a name with control characters or half characters is refused", () => {
  for (
    const text of ["a\nb", "a\0", "\u001b[31mred", "a\u0085b", "\u009b31m", "\ud800", "\x7f"]
  ) {
    for (const field of ["user_id", "user_name"]) {
      assertThrows(() => read({ ...MATCH, [field]: text }), BadAnswer);
    }
  }
});

Deno.test("numbers out of their bounds are refused", () => {
  for (
    const bad of [
      { confidence: 1.0001 },
      { confidence: -0.1 },
      { similarity: 1.1 },
      { similarity: -1.1 },
      { duration_ms: -1 },
      { duration_ms: 1e300 },
      { face: { box: [0, 0, 1e6, 1] } },
      { face: { box: [-1e6, 0, 1, 1] } },
      { face: { box: [0, 0, -1, 1] } },
      { face: { box: [0, 0, 1.5, 1] } },
      { face: { box: [0, 0, 1] } },
      { face: { box: [0, 0, 1, 1, 1] } },
      { face: { ...MATCH.face, landmarks: [] } },
    ]
  ) {
    for (const answer of [MATCH, NON_MATCH]) {
      if ("similarity" in bad && !answer.matched) continue;
      assertThrows(() => read({ ...answer, ...bad }), BadAnswer);
    }
  }
  assertThrows(() => read({ ...NON_MATCH, confidence: 0.5 }), BadAnswer);
  assertThrows(() => read({ ...NON_MATCH, user_name: "User One" }), BadAnswer);
});

Deno.test("an answer that is not UTF-8 or too large is refused", () => {
  assertThrows(() => read(Uint8Array.of(0x22, 0xff, 0x22)), BadAnswer, "not JSON");
  const padded = encode(JSON.stringify(MATCH).padEnd(MAX_ANSWER_BYTES + 1));
  assertThrows(() => read(padded), BadAnswer, "too large");
  assertEquals((read(padded.subarray(0, MAX_ANSWER_BYTES))).kind, "answer");
  assertThrows(() => read(encode("[".repeat(MAX_ANSWER_BYTES))), BadAnswer, "not JSON");
});

/** Strings that an attacker in a worker wants to send to a client. Each has a mark, to be found. */
const secret = fc.oneof(
  fc.string({ maxLength: 3000 }),
  fc.string({ unit: "binary", maxLength: 300 }),
).map((text) => `SECRET${text}`);

interface Documented {
  status: number;
  body: Record<string, unknown>;
}
const ANSWERS: Documented[] = [{ status: 200, body: MATCH }, { status: 200, body: NON_MATCH }];
const REFUSALS: Documented[] = PROBLEM_CODES.map((code) => {
  const { status } = PROBLEMS[code];
  const text = { type: "SECRET", title: "SECRET", detail: "SECRET", request_id: "SECRET" };
  return { status, body: { ...text, status, code } };
});

/** Puts such strings into some fields of a documented response, or into a new field. */
const attack = fc.tuple(
  fc.oneof(fc.constantFrom(...ANSWERS), fc.constantFrom(...REFUSALS)),
  fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), secret), { maxLength: 3 }),
  fc.option(fc.tuple(secret, fc.oneof(secret, fc.jsonValue()))),
).map(([{ status, body }, replaced, added]) => {
  const fields = Object.keys(body);
  return {
    status,
    body: {
      ...body,
      ...Object.fromEntries(
        replaced.map(([at, text]) => [fields[Math.floor(at * fields.length)] ?? "face", text]),
      ),
      ...added && { [added[0]]: added[1] },
    },
  };
});

Deno.test("no text of a worker reaches a client or the log, but the id and the name of a user", async () => {
  let answers = 0, refusals = 0;
  await fc.assert(
    fc.asyncProperty(attack, async ({ status, body }) => {
      let result: WorkerResult;
      try {
        const answer = read(body, status);
        if (answer.kind === "code") return;
        result = answer;
        if (answer.kind === "answer") answers++;
        else refusals++;
      } catch (cause) {
        assert(cause instanceof BadAnswer, describeError(cause));
        result = { kind: "failed", cause };
      }
      const { post, lines } = createFakeApp({ workers: [() => result] });
      const text = await (await post()).text();
      assert(!JSON.stringify(lines).includes("SECRET"));
      if (!text.includes("SECRET")) return;
      const sent = JSON.parse(text);
      for (const field of ["user_id", "user_name"]) {
        assert(isUserText(sent[field]) && sent[field].length <= 256);
        delete sent[field];
      }
      assert(!JSON.stringify(sent).includes("SECRET"));
    }),
    { numRuns: 500 },
  );
  assert(answers > 0 && refusals > 0, `${answers} answers and ${refusals} refusals were read`);
});

Deno.test("the sentences for clients are the api's own", () => {
  const body = {
    type: "about:blank",
    title: "Gray",
    status: 422,
    detail: "x".repeat(3000),
    code: "no_face",
    request_id: "r",
  };
  const result = read(body, 422);
  assert(result.kind === "refusal");
  assertStringIncludes(result.problem.message, "No face was found");
});
