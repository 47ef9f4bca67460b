import fc from "fast-check";
import { assertEquals, assertThrows } from "@std/assert";
import { NoWorkerAvailable, type PoolStats } from "../../shared/pool/pool.ts";
import { Admission, type AdmissionLimits, type Admitted } from "./admission.ts";

const IDLE: PoolStats = { free: 1, busy: 0, starting: 0, waiters: 0, warmed: true };

/** Makes an admission for a pool with these counts. */
const admission = (limits: Partial<AdmissionLimits> = {}, stats: () => PoolStats = () => IDLE) =>
  new Admission(
    { stats, refusal: (detail) => new NoWorkerAvailable(detail, 7) },
    { queueLimit: 2, queueBytes: 100, bytesPerRequest: 0, ...limits },
  );

/** Admits a request and counts its whole body as arrived. */
const bring = (door: Admission, bytes: number): Admitted => {
  const admitted = door.admit(bytes);
  admitted.arrived(bytes);
  return admitted;
};

const assertRefuses = (act: () => unknown, detail: string) => {
  const refusal = assertThrows(act, NoWorkerAvailable, detail);
  assertEquals(refusal.retryAfterSeconds, 7);
};

Deno.test("no request is admitted while all workers are busy and the queue is full", () => {
  let stats: PoolStats = { ...IDLE, free: 0, waiters: 2 };
  const door = admission({}, () => stats);
  assertRefuses(() => door.admit(1), "queue is full");
  stats = { ...stats, waiters: 1 };
  door.admit(1);
  stats = { ...stats, free: 1, waiters: 2 };
  door.admit(1);
});

Deno.test("a request's bytes count until it is disposed; disposing twice changes nothing", () => {
  const door = admission();
  const first = bring(door, 60);
  assertRefuses(() => door.admit(41), "Too many uploads");
  const second = bring(door, 40);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assertRefuses(() => door.admit(61), "Too many uploads");
  second[Symbol.dispose]();
  door.admit(100);
});

Deno.test("uploads that declare many bytes and send none do not block other requests", () => {
  const door = admission();
  for (let i = 0; i < 1000; i++) door.admit(100);
  bring(door, 100);
});

Deno.test("each request counts some bytes in addition to its body", () => {
  const door = admission({ bytesPerRequest: 20 });
  const first = bring(door, 50);
  assertRefuses(() => door.admit(11), "Too many uploads");
  const second = door.admit(0);
  assertRefuses(() => door.admit(0), "Too many uploads");
  first[Symbol.dispose]();
  second.arrived(80);
  assertRefuses(() => door.admit(0), "Too many uploads");
});

Deno.test("an upload that grows over the limit is refused while it arrives", () => {
  const door = admission();
  const first = bring(door, 60);
  const second = door.admit(0);
  second.arrived(40);
  assertRefuses(() => second.arrived(1), "Too many uploads");
  first[Symbol.dispose]();
  second.arrived(60);
});

Deno.test("a request of any size is admitted when it is the only one", () => {
  const door = admission();
  const large = door.admit(1000);
  large.arrived(500);
  large.arrived(500);
  assertRefuses(() => door.admit(1), "Too many uploads");
  large[Symbol.dispose]();
  door.admit(1);
});

Deno.test("in any order of events, admitted requests never hold more than the limit", () => {
  const act = fc.record({ kind: fc.constantFrom("admit", "arrived", "over"), n: fc.nat(60) });
  fc.assert(fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
    const door = admission();
    const inside: { admitted: Admitted; bytes: number }[] = [];
    for (const { kind, n } of acts) {
      const one = inside[n % Math.max(inside.length, 1)];
      const total = inside.reduce((sum, { bytes }) => sum + bytes, 0);
      if (kind === "admit") {
        if (total > 0 && total + n > 100) assertRefuses(() => door.admit(n), "Too many uploads");
        else inside.push({ admitted: door.admit(n), bytes: 0 });
      } else if (one !== undefined && kind === "arrived") {
        if (total > one.bytes && total + n > 100) {
          assertRefuses(() => one.admitted.arrived(n), "Too many uploads");
        } else {
          one.admitted.arrived(n);
          one.bytes += n;
        }
      } else if (one !== undefined) {
        one.admitted[Symbol.dispose]();
        one.bytes = 0;
      }
    }
  }));
});
