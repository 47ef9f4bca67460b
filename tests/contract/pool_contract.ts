/** The behaviour of every pool of workers: one suite of tests for all backends. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { NoWorkerAvailable, type WorkerLease, type WorkerPool } from "../../shared/pool/pool.ts";
import { eventually } from "../support/eventually.ts";
import { forever } from "../support/forever.ts";

/** Settings of a pool. */
export interface PoolSettings {
  readonly size: number;
  readonly queueLimit: number;
  readonly requestsPerWorker: number;
}

/** A backend under test. Disposing of it closes the pools that it opened. */
export interface PoolBackend extends AsyncDisposable {
  /** Opens a pool. */
  open(settings: PoolSettings): Promise<WorkerPool>;
  /** True when a worker exists. This asks the system that runs the workers, not the pool. */
  exists(workerName: string): Promise<boolean>;
  /** Kills a worker. The pool does not know about it. */
  kill(workerName: string): Promise<void>;
  /** Returns the number of workers that exist. */
  count(): Promise<number>;
}

const settings = { size: 2, queueLimit: 2, requestsPerWorker: 1 };

/**
 * Registers the suite for one backend.
 *
 * @param label Begins the name of each test
 * @param backend Opens a backend for one test
 * @param register Registers one test; `Deno.test` by default
 */
export function testPoolContract(
  label: string,
  backend: () => Promise<PoolBackend>,
  register: (name: string, body: () => Promise<void>) => void = Deno.test,
): void {
  const test = (sentence: string, body: (backend: PoolBackend) => Promise<void>) => {
    register(`${label}: ${sentence}`, async () => {
      await using opened = await backend();
      await body(opened);
    });
  };
  const filled = async (backend: PoolBackend, options: PoolSettings) => {
    const pool = await backend.open(options);
    await eventually(() => {
      const { free, warmed } = pool.stats();
      return warmed && free === options.size;
    }, "the pool is full");
    return pool;
  };
  const keep = async (lease: WorkerLease) => {
    lease.keep();
    await lease[Symbol.asyncDispose]();
  };

  test("a claimed worker is ready to answer", async (backend) => {
    const pool = await filled(backend, settings);
    await using lease = await pool.claim(forever());
    const response = await fetch(new URL("/ready", lease.worker.url));
    await response.body?.cancel();
    assertEquals(response.status, 200);
    assert(await backend.exists(lease.worker.name));
  });

  test("a worker is leased to one request at a time, and each lease gets a new worker", async (backend) => {
    const pool = await filled(backend, { ...settings, size: 3, queueLimit: 3 });
    const held = new Set<string>(), seen = new Set<string>();
    await Promise.all(Array.from({ length: 3 }, async () => {
      for (let i = 0; i < 3; i++) {
        await using lease = await pool.claim(forever());
        const { name } = lease.worker;
        assert(!held.has(name), "A worker had two leases at the same time");
        assert(!seen.has(name), "A used worker was leased again");
        held.add(name);
        seen.add(name);
        await new Promise((resolve) => setTimeout(resolve, 5));
        held.delete(name);
      }
    }));
    assertEquals(seen.size, 9);
  });

  test("a worker is destroyed when its lease ends, and another one replaces it", async (backend) => {
    const pool = await filled(backend, settings);
    let name: string;
    {
      await using lease = await pool.claim(forever());
      name = lease.worker.name;
      assertEquals(pool.stats().busy, 1);
    }
    assertEquals(pool.stats().busy, 0);
    await eventually(async () => !(await backend.exists(name)), "the used worker is gone");
    await eventually(() => pool.stats().free === 2, "the pool is full again");
    assertEquals(await backend.count(), 2);
  });

  test("a worker is destroyed when the request throws", async (backend) => {
    const pool = await filled(backend, { ...settings, requestsPerWorker: 5 });
    let name = "";
    await assertRejects(async () => {
      await using lease = await pool.claim(forever());
      name = lease.worker.name;
      throw new RangeError("The request failed");
    }, RangeError);
    await eventually(async () => !(await backend.exists(name)), "the worker is gone");
    await eventually(() => pool.stats().free === 2, "the pool is full again");
  });

  test("a kept worker serves `requestsPerWorker` requests, and no more", async (backend) => {
    const pool = await filled(backend, { size: 1, queueLimit: 2, requestsPerWorker: 3 });
    const names: string[] = [];
    for (let i = 0; i < 7; i++) {
      const lease = await pool.claim(forever());
      names.push(lease.worker.name);
      await keep(lease);
    }
    assertEquals(names.map((name) => names.indexOf(name)), [0, 0, 0, 3, 3, 3, 6]);
    await eventually(async () => !(await backend.exists(names[0]!)), "the used worker is gone");
  });

  test("a kept worker is destroyed after its last request", async (backend) => {
    const pool = await filled(backend, { ...settings, size: 1 });
    const lease = await pool.claim(forever());
    await keep(lease);
    await eventually(async () => !(await backend.exists(lease.worker.name)), "it is gone");
  });

  test("ending a lease twice gives its worker back only once", async (backend) => {
    const pool = await filled(backend, { size: 1, queueLimit: 2, requestsPerWorker: 10 });
    const lease = await pool.claim(forever());
    await keep(lease);
    await keep(lease);
    assertEquals(pool.stats().free, 1);
    await using again = await pool.claim(forever());
    assertEquals(again.worker.name, lease.worker.name);
    assertEquals(pool.stats().free, 0);
  });

  test("claims are served in the order of arrival", async (backend) => {
    const pool = await filled(backend, { size: 1, queueLimit: 3, requestsPerWorker: 10 });
    const first = await pool.claim(forever());
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (i) => {
      const lease = await pool.claim(forever());
      order.push(i);
      await keep(lease);
    });
    await eventually(() => pool.stats().waiters === 3, "all three wait");
    await keep(first);
    await Promise.all(waiting);
    assertEquals(order, [1, 2, 3]);
  });

  test("a claim over the queue's limit is refused with a time to retry", async (backend) => {
    const pool = await filled(backend, { ...settings, size: 1 });
    const first = await pool.claim(forever());
    const waiting = [pool.claim(forever()), pool.claim(forever())];
    await eventually(() => pool.stats().waiters === 2, "the queue is full");
    const refusal = await assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
    assert(Number.isInteger(refusal.retryAfterSeconds) && refusal.retryAfterSeconds! >= 1);
    await first[Symbol.asyncDispose]();
    for (const claim of waiting) await (await claim)[Symbol.asyncDispose]();
  });

  test("a claim that stops waiting gets the signal's reason, and the worker goes to the next claim", async (backend) => {
    const pool = await filled(backend, { size: 1, queueLimit: 3, requestsPerWorker: 10 });
    const first = await pool.claim(forever());
    const impatient = new AbortController();
    const reason = new RangeError("No patience left");
    const left = assertRejects(() => pool.claim(impatient.signal), RangeError, "No patience");
    const patient = pool.claim(forever());
    await eventually(() => pool.stats().waiters === 2, "both wait");
    impatient.abort(reason);
    assertEquals(await left, reason);
    assertEquals(pool.stats().waiters, 1);
    await keep(first);
    await keep(await patient);
    assertEquals(pool.stats().free, 1);
  });

  test("a claim with a signal that is already aborted takes no worker", async (backend) => {
    const pool = await filled(backend, settings);
    const reason = new RangeError("Over");
    assertEquals(
      await assertRejects(() => pool.claim(AbortSignal.abort(reason)), RangeError),
      reason,
    );
    assertEquals(pool.stats().free, 2);
  });

  test("a worker that has died is not leased again, and is replaced", async (backend) => {
    const pool = await filled(backend, { ...settings, size: 1 });
    const lease = await pool.claim(forever());
    const used = lease.worker.name;
    await lease[Symbol.asyncDispose]();
    await eventually(() => pool.stats().free === 1, "the pool is full again");
    const idle = await pool.claim(forever());
    const { name } = idle.worker;
    await backend.kill(name);
    idle.keep();
    await idle[Symbol.asyncDispose]();
    await using next = await pool.claim(forever());
    assert(next.worker.name !== name && next.worker.name !== used);
    assert(await backend.exists(next.worker.name));
  });

  test("closing refuses waiting claims, waits for leases, and leaves no used worker", async (backend) => {
    const pool = await filled(backend, { ...settings, size: 1 });
    const lease = await pool.claim(forever());
    const waiting = assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
    await eventually(() => pool.stats().waiters === 1, "one waits");
    const closed = pool[Symbol.asyncDispose]();
    await waiting;
    await assertRejects(() => pool.claim(forever()), NoWorkerAvailable);
    assert(await backend.exists(lease.worker.name), "the leased worker still exists");
    await lease[Symbol.asyncDispose]();
    await closed;
    await eventually(async () => !(await backend.exists(lease.worker.name)), "it is gone");
  });
}
