import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { FaultProxy } from "./fault_proxy.ts";
import { openReplicatedPool, PICTURE, type ReplicatedPool } from "./replicas.ts";

const PODS = 3;
/** Time that the pods have run when the test begins: longer than a claim. */
const OLDER_MS = 120_000;
/** Time of a request: several checks of the reaper. */
const ANSWER_MS = 5000;
const SKEW_MS = 60_000;

/** The clocks that can be wrong. */
interface Clocks {
  readonly pool: ReplicatedPool;
  readonly proxy: FaultProxy;
}

/** Makes one clock wrong. Returns the skew of the replica's own clock. */
const CLOCKS: Readonly<Record<string, (clocks: Clocks, ms: number) => number>> = {
  "the node's clock": ({ pool }, ms) => {
    pool.kubelet.skewMs = ms;
    return 0;
  },
  "the clock of the replica's API server": ({ proxy }, ms) => {
    proxy.skewMs = ms;
    return 0;
  },
  "the clock of the API server that created the pods": ({ proxy }, ms) => {
    proxy.creationSkewMs += ms;
    return 0;
  },
  "the replica's own clock": ({ pool }, ms) => {
    // The tokens have a test of their own.
    pool.kubelet.checksTokens = false;
    return ms;
  },
};

for (const [clock, skew] of Object.entries(CLOCKS)) {
  for (const ms of [-SKEW_MS, SKEW_MS]) {
    needs("helm", "cluster")(
      `requests are served, and their pods not ended, while ${clock} is ${Math.abs(ms) / 1000} s ${
        ms < 0 ? "behind" : "ahead"
      }`,
      async () => {
        await using pool = await openReplicatedPool(0);
        const { kubelet, installed } = pool;
        await using proxy = await FaultProxy.open(installed.client);
        kubelet.olderMs = OLDER_MS;
        proxy.creationSkewMs = -OLDER_MS;
        const skewMs = skew({ pool, proxy }, ms);
        await kubelet.fill(PODS, installed.template);
        kubelet.answerMs = ANSWER_MS;
        const replica = await pool.start({ server: proxy.server, skewMs });
        // The other replica uses another API server, whose clock is right. It reaps, too.
        const other = await pool.start();
        await eventually(
          async () => await replica.metric("face_it_pool_free") === PODS,
          "the pool is full",
        );
        const answers = await Promise.all(
          [replica, replica, other].map((service) => service.post(PICTURE)),
        );
        const log = [replica, other].flatMap(({ lines }) => lines).join("\n");
        assertEquals(answers.map(({ status }) => status), [200, 200, 200], log);
        assertEquals([...kubelet.endedServing], []);
        for (const { lines } of [replica, other]) {
          assert(!lines.some((line) => line.includes("worker reaped")), lines.join("\n"));
        }
      },
    );
  }
}
