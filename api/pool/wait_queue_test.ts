import fc from "fast-check";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { WaitQueue } from "./wait_queue.ts";

const forever = (): AbortSignal => new AbortController().signal;

Deno.test("items go to the waiters in the order in which they came", async () => {
  const queue = new WaitQueue<string>(3);
  const waiting = ["1", "2", "3"].map(async (name) => name + await queue.wait(forever()));
  for (const item of ["a", "b", "c"]) assert(queue.offer(item));
  assertEquals(await Promise.all(waiting), ["1a", "2b", "3c"]);
});

Deno.test("an item that nobody waits for is not taken", () => {
  assertEquals(new WaitQueue<string>(3).offer("a"), false);
});

Deno.test("the queue tells its length and when it is full", async () => {
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

Deno.test("a queue without room is always full", async () => {
  const queue = new WaitQueue<string>(0);
  assertEquals(queue.full, true);
  await assertRejects(() => queue.wait(forever()), RangeError, "full");
});

Deno.test("who leaves gets the signal's reason, and the item goes to the next", async () => {
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

Deno.test("who has been given an item keeps it, even when the signal comes right after", async () => {
  const queue = new WaitQueue<string>(1);
  const impatient = new AbortController();
  const waiting = queue.wait(impatient.signal);
  queue.offer("a");
  impatient.abort(new RangeError("Too late"));
  assertEquals(await waiting, "a");
});

Deno.test("a signal that is over before does not wait", async () => {
  const queue = new WaitQueue<string>(1), reason = new RangeError("Over");
  assert(await assertRejects(() => queue.wait(AbortSignal.abort(reason)), Error) === reason);
  assertEquals(queue.length, 0);
});

Deno.test("everybody is sent away with a reason of their own", async () => {
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
  | { readonly kind: "wait" | "offer" | "rejectAll" | "breathe" }
  | { readonly kind: "abort"; readonly waiter: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Step>({ kind: "wait" }) },
  { weight: 4, arbitrary: fc.constant<Step>({ kind: "offer" }) },
  { weight: 3, arbitrary: fc.nat(20).map((waiter): Step => ({ kind: "abort", waiter })) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "rejectAll" }) },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: "breathe" }) },
);

Deno.test("whatever happens, each waiter is settled once and each item given once", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(step, { maxLength: 60 }),
    fc.nat(6),
    async (steps, limit) => {
      const queue = new WaitQueue<number>(limit);
      const signals: AbortController[] = [];
      const outcomes: string[][] = [];
      // What must become of each waiter, by the simplest of all queues.
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
            queue.rejectAll((i) => `sent away ${i}`);
            inLine.forEach((waiter, i) => expected[waiter] = `sent away ${i}`);
            inLine = [];
            break;
          case "breathe":
            await new Promise((resolve) => setTimeout(resolve));
        }
        assertEquals(queue.length, inLine.length);
        assertEquals(queue.full, inLine.length >= limit);
      }
      await new Promise((resolve) => setTimeout(resolve));
      assertEquals(
        outcomes,
        expected.map((outcome) => outcome === "waits" ? [] : [outcome]),
      );
    },
  ));
});

Deno.test("who comes back with a turn keeps the place, even when the queue is full", async () => {
  const queue = new WaitQueue<string>(2);
  const early = queue.takeTurn(), forever = new AbortController().signal;
  const got: string[] = [];
  const wait = async (name: string, turn?: number) => {
    got.push(`${name} ${await queue.wait(forever, turn)}`);
  };
  const waiting = [wait("second"), wait("third")];
  assert(queue.full);
  waiting.push(wait("first", early));
  assertEquals(queue.length, 3);
  for (const item of ["a", "b", "c"]) queue.offer(item);
  await Promise.all(waiting);
  assertEquals(got, ["first a", "second b", "third c"]);
});
