import { assertEquals } from "@std/assert";
import { FakePodApi } from "./api_server/fake_pod_api.ts";
import { type ClaimedWorker, KeptWorkers } from "./kept_workers.ts";

const REQUEST_MS = 10;

function setUp() {
  const api = new FakePodApi(), clock = { ms: 0 }, done: string[] = [];
  const kept = new KeptWorkers({
    requestsPerWorker: 3,
    requestTimeoutMs: REQUEST_MS,
    now: () => clock.ms,
    onDone: ({ name }) => done.push(name),
  });
  const worker = (name: string, until = 100, template = "new"): ClaimedWorker => {
    const pod = api.add(name, { labels: { "pod-template-hash": template } });
    return { name, url: new URL(`http://${name}.test`), pod, until, served: 1 };
  };
  return { clock, done, kept, worker };
}

Deno.test("the worker that was kept first is taken first", () => {
  const { kept, worker } = setUp();
  for (const name of ["a", "b"]) kept.keep(worker(name));
  assertEquals([kept.take()?.name, kept.take()?.name, kept.take()], ["a", "b", undefined]);
  assertEquals(kept.isEmpty, true);
});

Deno.test("a worker can serve again while it has requests left and time for a whole request", () => {
  const { clock, kept, worker } = setUp();
  const kind = worker("a", 100);
  assertEquals(kept.canServeAgain({ ...kind, served: 2 }), true);
  assertEquals(kept.canServeAgain({ ...kind, served: 3 }), false);
  clock.ms = 100 - REQUEST_MS;
  assertEquals(kept.canServeAgain(kind), true);
  clock.ms++;
  assertEquals(kept.canServeAgain(kind), false);
});

Deno.test("a worker whose claim is about to end is not taken but dropped", () => {
  const { clock, done, kept, worker } = setUp();
  kept.keep(worker("short", 50));
  kept.keep(worker("long", 100));
  assertEquals(kept.size, 2);
  clock.ms = 60;
  assertEquals(kept.size, 1);
  assertEquals(kept.take()?.name, "long");
  assertEquals(done, ["short"]);
});

Deno.test("workers are dropped by pod, by template, or all together", () => {
  const { done, kept, worker } = setUp();
  const [a, b, c, d] = [worker("a"), worker("b", 100, "old"), worker("c"), worker("d")];
  for (const one of [a, b, c, d]) kept.keep(one);
  kept.drop(a.pod);
  assertEquals(done, ["a"]);
  kept.dropOtherTemplates(c.pod);
  assertEquals(done, ["a", "b"]);
  kept.dropAll();
  assertEquals(done, ["a", "b", "c", "d"]);
  assertEquals(kept.isEmpty, true);
});
