import fc from "fast-check";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { forever } from "../../tests/support/forever.ts";
import { tick } from "../../tests/support/tick.ts";
import { WaitQueue } from "./wait_queue.ts";

Deno.test("items go to the waiters in the order of arrival", async () => {
  const queue = new WaitQueue<string>(3);
  const waiting = ["1", "2", "3"].map(async (name) => name + await queue.wait(forever()));
  for (const item of ["a", "b", "c"]) assert(queue.offer(item));
  assertEquals(await Promise.all(waiting), ["1a", "2b", "3c"]);
});

Deno.test("an item that is offered while nobody waits is not taken", () => {
  assertEquals(new WaitQueue<string>(3).offer("a"), false);
});

Deno.test("the queue counts its waiters, and is full at its limit", async () => {
  const queue = new WaitQueue<string>(2);
  assertEquals([queue.length, queue.full], [0, false]);
  const first = queue.wait(forever());
  assertEquals([queue.length, queue.full], [1, false]);
  const second = queue.wait(forever());
  assertEquals([queue.length, queue.full], [2, true]);
  await assertRejects(() => queue.wait(forever()), RangeError, "full");
  queue.offer("a");
  assertEquals([queue.length, queue.full], [1, false]);
  queue.offer("b");
  assertEquals(await Promise.all([first, second]), ["a", "b"]);
});

Deno.test("a queue with a limit of 0 is always full", async () => {
  const queue = new WaitQueue<string>(0);
  assertEquals(queue.full, true);
  await assertRejects(() => queue.wait(forever()), RangeError, "full");
});

Deno.test("a waiter that leaves gets the signal's reason, and the item goes to the next waiter", async () => {
  const queue = new WaitQueue<string>(2);
  const impatient = new AbortController(), reason = new RangeError("No patience left");
  const left = assertRejects(() => queue.wait(impatient.signal), Error);
  const stays = queue.wait(forever());
  impatient.abort(reason);
  assertEquals(queue.length, 1);
  queue.offer("a");
  assert(await left === reason);
  assertEquals(await stays, "a");
});

Deno.test("a waiter that was given an item keeps it even when its signal aborts afterwards", async () => {
  const queue = new WaitQueue<string>(1);
  const impatient = new AbortController();
  const waiting = queue.wait(impatient.signal);
  queue.offer("a");
  impatient.abort(new RangeError("Too late"));
  assertEquals(await waiting, "a");
});

Deno.test("a signal that is already aborted rejects immediately", async () => {
  const queue = new WaitQueue<string>(1), reason = new RangeError("Over");
  assert(await assertRejects(() => queue.wait(AbortSignal.abort(reason)), Error) === reason);
  assertEquals(queue.length, 0);
});

Deno.test("`rejectAll` gives each waiter its own reason", async () => {
  const queue = new WaitQueue<string>(2);
  const waiting = Promise.allSettled([queue.wait(forever()), queue.wait(forever())]);
  queue.rejectAll((waiter) => `reason ${waiter}`);
  assertEquals(queue.length, 0);
  assertEquals(await waiting, [
    { status: "rejected", reason: "reason 0" },
    { status: "rejected", reason: "reason 1" },
  ]);
});

type Step =
  | { readonly kind: "wait" | "offer" | "rejectAll" | "tick" }
  | { readonly kind: "abort"; readonly waiter: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Step>({ kind: "wait" }) },
  { weight: 4, arbitrary: fc.constant<Step>({ kind: "offer" }) },
  { weight: 3, arbitrary: fc.nat(20).map((waiter): Step => ({ kind: "abort", waiter })) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "rejectAll" }) },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: "tick" }) },
);

Deno.test("in any order of calls, each waiter settles once and each item is given once", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(step, { maxLength: 60 }),
    fc.nat(6),
    async (steps, limit) => {
      const queue = new WaitQueue<number>(limit);
      const signals: AbortController[] = [];
      const outcomes: string[][] = [];
      // The expected outcome of each waiter, according to a simple model: an array.
      const expected: string[] = [];
      let inLine: number[] = [];
      let items = 0;
      for (const step of steps) {
        switch (step.kind) {
          case "wait": {
            const waiter = signals.push(new AbortController()) - 1;
            const outcome: string[] = outcomes[waiter] = [];
            expected[waiter] = inLine.length < limit ? "waits" : "RangeError: The queue is full";
            if (inLine.length < limit) inLine.push(waiter);
            void queue.wait(signals[waiter]!.signal).then(
              (item) => outcome.push(`item ${item}`),
              (reason) => outcome.push(String(reason)),
            );
            break;
          }
          case "offer": {
            const [first, ...others] = inLine;
            assertEquals(queue.offer(items), first !== undefined);
            if (first !== undefined) expected[first] = `item ${items++}`;
            inLine = others;
            break;
          }
          case "abort":
            if (inLine.includes(step.waiter)) expected[step.waiter] = `left ${step.waiter}`;
            inLine = inLine.filter((waiter) => waiter !== step.waiter);
            signals[step.waiter]?.abort(`left ${step.waiter}`);
            break;
          case "rejectAll":
            queue.rejectAll((i) => `rejected ${i}`);
            inLine.forEach((waiter, i) => expected[waiter] = `rejected ${i}`);
            inLine = [];
            break;
          case "tick":
            await tick();
        }
        assertEquals(queue.length, inLine.length);
        assertEquals(queue.full, inLine.length >= limit);
      }
      await tick();
      assertEquals(
        outcomes,
        expected.map((outcome) => outcome === "waits" ? [] : [outcome]),
      );
    },
  ));
});

Deno.test("a waiter with an earlier turn is served first, even when the queue was full", async () => {
  const queue = new WaitQueue<string>(2);
  const early = queue.takeTurn();
  const got: string[] = [];
  const wait = async (name: string, turn?: number) => {
    got.push(`${name} ${await queue.wait(forever(), turn)}`);
  };
  const waiting = [wait("second"), wait("third")];
  assert(queue.full);
  waiting.push(wait("first", early));
  assertEquals(queue.length, 3);
  for (const item of ["a", "b", "c"]) queue.offer(item);
  await Promise.all(waiting);
  assertEquals(got, ["first a", "second b", "third c"]);
});
