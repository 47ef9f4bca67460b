import fc from "fast-check";
import { assertEquals, assertThrows } from "@std/assert";
import { Admission, type AdmissionOptions, type Admitted } from "./admission.ts";
import { NoWorkerAvailable } from "./pool/pool.ts";

const admission = (options: Partial<AdmissionOptions> = {}) =>
  new Admission({
    maxPending: () => 2,
    maxBytes: 100,
    refuse: (detail) => new NoWorkerAvailable(detail, 7),
    ...options,
  });

const assertFull = (full: Admission, bytes: number, detail: string) => {
  const refusal = assertThrows(() => full.admit(bytes), NoWorkerAvailable, detail);
  assertEquals(refusal.retryAfterSeconds, 7);
};

Deno.test("as many are let in as may be without a worker", () => {
  const door = admission();
  door.admit(1);
  door.admit(1);
  assertFull(door, 1, "queue is full");
});

Deno.test("the place of a request is free once it has a worker, or is over", () => {
  const door = admission();
  const first = door.admit(1), second = door.admit(1);
  first.claimed();
  const third = door.admit(1);
  assertFull(door, 1, "queue is full");
  second[Symbol.dispose]();
  door.admit(1);
  assertFull(door, 1, "queue is full");
  third.claimed();
  door.admit(1);
});

Deno.test("a place is given back once, whatever is called how often", () => {
  const door = admission();
  const first = door.admit(1);
  door.admit(1);
  for (let i = 0; i < 2; i++) {
    first.claimed();
    first[Symbol.dispose]();
  }
  door.admit(1);
  assertFull(door, 1, "queue is full");
});

Deno.test("bytes count until a request is over, worker or not", () => {
  const door = admission();
  const first = door.admit(60);
  first.claimed();
  assertFull(door, 41, "bytes");
  const second = door.admit(40);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assertFull(door, 61, "bytes");
  second[Symbol.dispose]();
  door.admit(100);
});

Deno.test("a request alone is let in whatever it brings", () => {
  const door = admission();
  const large = door.admit(1000);
  assertFull(door, 1, "bytes");
  large[Symbol.dispose]();
  door.admit(1);
});

Deno.test("the number of places follows the pool", () => {
  let places = 0;
  const door = admission({ maxPending: () => places });
  assertFull(door, 1, "queue is full");
  places = 1;
  door.admit(1);
  assertFull(door, 1, "queue is full");
});

Deno.test("whatever comes and goes, no more are in than may be", () => {
  const act = fc.record({ kind: fc.constantFrom("admit", "claimed", "over"), n: fc.nat(60) });
  fc.assert(fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
    const door = admission();
    const inside: { admitted: Admitted; bytes: number; pending: boolean; over: boolean }[] = [];
    for (const { kind, n } of acts) {
      const one = inside[n % Math.max(inside.length, 1)];
      const pending = inside.filter(({ pending }) => pending).length;
      const bytes = inside.reduce((sum, { over, bytes }) => sum + (over ? 0 : bytes), 0);
      if (kind === "admit") {
        if (pending >= 2) assertFull(door, n, "queue is full");
        else if (bytes > 0 && bytes + n > 100) assertFull(door, n, "bytes");
        else inside.push({ admitted: door.admit(n), bytes: n, pending: true, over: false });
      } else if (one !== undefined) {
        if (kind === "claimed") one.admitted.claimed();
        else one.admitted[Symbol.dispose]();
        one.pending = false;
        one.over ||= kind === "over";
      }
    }
  }));
});
