/**
 * Which free pod should a replica try, so that replicas seldom try the same? A simulation: replicas
 * that see the pods a little late, a server that lets the first claim of a pod win, a Deployment
 * that replaces what is claimed. Deterministic; no cluster.
 *
 *     deno run tests/simulation/candidate_choice.ts
 */

/** Milliseconds that things take, about as measured on a small cluster. */
const PATCH_MS = 5, WATCH_MS = 10, REFILL_MS = 1000;
const REPLICAS = 5, SECONDS = 300;

interface Pod {
  readonly id: number;
  taken: boolean;
}

interface Replica {
  readonly id: number;
  /** As the watch has told so far, in the order of their coming. */
  readonly free: Set<Pod>;
  /** When each waiting request arrived. */
  readonly waiting: number[];
}

/** Which pod to try, and how long to wait before. */
type Choice = (replica: Replica, random: () => number) => { pod: Pod; delayMs: number };

const pick = (pods: readonly Pod[], random: () => number): Pod =>
  pods[Math.floor(random() * pods.length)]!;

/** The place of a replica among those that a pod prefers: each pod has an order of its own. */
function rank(replica: number, pod: Pod): number {
  const weight = (id: number) =>
    Math.imul((id + 1) * 0x9e3779b1 ^ pod.id * 0x85ebca6b, 0xc2b2ae35) >>> 0;
  const own = weight(replica);
  let before = 0;
  for (let id = 0; id < REPLICAS; id++) if (weight(id) > own) before++;
  return before;
}

const own = (replica: Replica) => [...replica.free].filter((pod) => rank(replica.id, pod) === 0);

const CHOICES: Readonly<Record<string, Choice>> = {
  "the oldest": (replica) => ({ pod: [...replica.free][0]!, delayMs: 0 }),
  "any at random": ({ free }, random) => ({ pod: pick([...free], random), delayMs: 0 }),
  "its own first, then any": (replica, random) => {
    const pods = own(replica);
    return { pod: pick(pods.length > 0 ? pods : [...replica.free], random), delayMs: 0 };
  },
  "its own first, others' later": (replica, random) => {
    const pods = own(replica);
    if (pods.length > 0) return { pod: pick(pods, random), delayMs: 0 };
    const pod = pick([...replica.free], random);
    return { pod, delayMs: rank(replica.id, pod) * (WATCH_MS + PATCH_MS) };
  },
};

/** A small generator with a seed (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

/** Runs what is to happen in the order of time. */
class Timeline {
  now = 0;
  readonly #events: { at: number; act: () => void }[] = [];

  after(ms: number, act: () => void): void {
    const at = this.now + ms;
    // Events come nearly in order: the place is near the end.
    let i = this.#events.length;
    while (i > 0 && this.#events[i - 1]!.at < at) i--;
    this.#events.splice(i, 0, { at, act });
  }

  run(untilMs: number): void {
    for (let next = this.#events.pop(); next !== undefined; next = this.#events.pop()) {
      if (next.at > untilMs) return;
      this.now = next.at;
      next.act();
    }
  }
}

/** Lost claims for each that was won, and how long requests waited until theirs was, in ms. */
function simulate(choose: Choice, pods: number, load: number) {
  const random = seeded(1), time = new Timeline();
  const replicas = Array.from({ length: REPLICAS }, (_, id): Replica => ({
    id,
    free: new Set(),
    waiting: [],
  }));
  const waits: number[] = [];
  let won = 0, lost = 0, made = 0;
  const about = (ms: number) => ms * (0.5 + random());

  const appear = () => {
    const pod = { id: made++, taken: false };
    for (const replica of replicas) {
      time.after(about(WATCH_MS), () => {
        if (pod.taken) return;
        replica.free.add(pod);
        serve(replica);
      });
    }
  };
  const serve = (replica: Replica) => {
    while (replica.free.size > 0 && replica.waiting.length > 0) {
      const { pod, delayMs } = choose(replica, random);
      const arrived = replica.waiting.shift()!;
      replica.free.delete(pod);
      time.after(delayMs, () => attempt(replica, pod, arrived, delayMs > 0));
    }
  };
  const attempt = (replica: Replica, pod: Pod, arrived: number, waited: boolean) => {
    const again = () => {
      replica.waiting.unshift(arrived);
      serve(replica);
    };
    // Who waited first has seen meanwhile, a little late, whether it is gone.
    if (waited && pod.taken) return again();
    time.after(about(PATCH_MS / 2), () => {
      const isFirst = !pod.taken;
      pod.taken = true;
      if (isFirst) {
        time.after(REFILL_MS, appear);
        for (const other of replicas) {
          time.after(about(WATCH_MS), () => other.free.delete(pod));
        }
      }
      time.after(about(PATCH_MS / 2), () => {
        if (!isFirst) {
          lost++;
          return again();
        }
        won++;
        waits.push(time.now - arrived);
      });
    });
  };
  const arrive = (replica: Replica) => {
    const rate = load * pods / (REFILL_MS + WATCH_MS) / REPLICAS;
    time.after(-Math.log(1 - random()) / rate, () => {
      // Beyond this a real replica refuses.
      if (replica.waiting.length < 64) replica.waiting.push(time.now);
      serve(replica);
      arrive(replica);
    });
  };
  for (let i = 0; i < pods; i++) appear();
  replicas.forEach(arrive);
  time.run(SECONDS * 1000);
  waits.sort((a, b) => a - b);
  const quantile = (q: number) => waits[Math.floor(q * waits.length)]!;
  return { lostPerClaim: lost / won, p50: quantile(0.5), p99: quantile(0.99) };
}

console.log(`${REPLICAS} replicas; load as a share of what the refill allows\n`);
console.log("pods  load  choice                         lost/claim  wait p50  wait p99 (ms)");
for (const pods of [4, 20, 100]) {
  for (const load of [0.5, 0.9, 1.2]) {
    for (const [name, choose] of Object.entries(CHOICES)) {
      const { lostPerClaim, p50, p99 } = simulate(choose, pods, load);
      console.log(
        `${String(pods).padStart(4)}  ${load.toFixed(1)}   ${name.padEnd(30)} ` +
          `${lostPerClaim.toFixed(3).padStart(9)}  ${p50.toFixed(0).padStart(8)}  ` +
          `${p99.toFixed(0).padStart(8)}`,
      );
    }
  }
}
