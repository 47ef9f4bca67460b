import { assertEquals } from "@std/assert";
import { keepLastAnswer } from "./last_answer.js";

Deno.test("a question that fails does not make the page forget the last answer", async () => {
  const failure = { code: "gallery_unavailable", title: "", explanation: "", canRetry: true };
  const first = { answer: { requires_consent: true }, status: 200 };
  const second = { answer: { requires_consent: false }, status: 200 };
  const outcomes = [{ failure }, first, { failure }, second];
  const ask = keepLastAnswer(() => Promise.resolve(outcomes.shift()!));
  assertEquals(await ask(), { answer: undefined, failure });
  assertEquals(await ask(), { answer: first.answer, failure: undefined });
  assertEquals(await ask(), { answer: first.answer, failure });
  assertEquals(await ask(), { answer: second.answer, failure: undefined });
});
