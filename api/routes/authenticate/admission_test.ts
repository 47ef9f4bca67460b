import fc from "fast-check";
import { assertEquals, assertThrows } from "@std/assert";
import { Admission, type AdmissionOptions, type Admitted } from "./admission.ts";
import { NoWorkerAvailable } from "../../pool/pool.ts";

const admission = (options: Partial<AdmissionOptions> = {}) =>
  new Admission({
    queueFull: () => false,
    maxBytes: 100,
    bytesPerRequest: 0,
    refuse: (detail) => new NoWorkerAvailable(detail, 7),
    ...options,
  });

/** A request whose body has arrived. */
const bring = (door: Admission, bytes: number): Admitted => {
  const admitted = door.admit(bytes);
  admitted.arrived(bytes);
  return admitted;
};

const assertRefuses = (act: () => unknown, detail: string) => {
  const refusal = assertThrows(act, NoWorkerAvailable, detail);
  assertEquals(refusal.retryAfterSeconds, 7);
};

Deno.test("nobody is let in while the queue is full", () => {
  let full = true;
  const door = admission({ queueFull: () => full });
  assertRefuses(() => door.admit(1), "queue is full");
  full = false;
  door.admit(1);
});

Deno.test("bytes count until a request is over, and then once", () => {
  const door = admission();
  const first = bring(door, 60);
  assertRefuses(() => door.admit(41), "bytes");
  const second = bring(door, 40);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assertRefuses(() => door.admit(61), "bytes");
  second[Symbol.dispose]();
  door.admit(100);
});

Deno.test("uploads that declare much and bring nothing keep nobody out", () => {
  const door = admission();
  for (let i = 0; i < 1000; i++) door.admit(100);
  bring(door, 100);
});

Deno.test("a request holds something beside its body", () => {
  const door = admission({ bytesPerRequest: 20 });
  const first = bring(door, 50);
  assertRefuses(() => door.admit(11), "bytes");
  const second = door.admit(0);
  assertRefuses(() => door.admit(0), "bytes");
  first[Symbol.dispose]();
  second.arrived(80);
  assertRefuses(() => door.admit(0), "bytes");
});

Deno.test("an upload that brings more than there is room for is refused while it arrives", () => {
  const door = admission();
  const first = bring(door, 60);
  const second = door.admit(0);
  second.arrived(40);
  assertRefuses(() => second.arrived(1), "bytes");
  first[Symbol.dispose]();
  second.arrived(60);
});

Deno.test("a request alone is let in whatever it brings", () => {
  const door = admission();
  const large = door.admit(1000);
  large.arrived(500);
  large.arrived(500);
  assertRefuses(() => door.admit(1), "bytes");
  large[Symbol.dispose]();
  door.admit(1);
});

Deno.test("whatever comes and goes, no more is in than may be", () => {
  const act = fc.record({ kind: fc.constantFrom("admit", "arrived", "over"), n: fc.nat(60) });
  fc.assert(fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
    const door = admission();
    const inside: { admitted: Admitted; bytes: number }[] = [];
    for (const { kind, n } of acts) {
      const one = inside[n % Math.max(inside.length, 1)];
      const total = inside.reduce((sum, { bytes }) => sum + bytes, 0);
      if (kind === "admit") {
        if (total > 0 && total + n > 100) assertRefuses(() => door.admit(n), "bytes");
        else inside.push({ admitted: door.admit(n), bytes: 0 });
      } else if (one !== undefined && kind === "arrived") {
        if (total > one.bytes && total + n > 100) {
          assertRefuses(() => one.admitted.arrived(n), "bytes");
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
