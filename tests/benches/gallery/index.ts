/**
 * Measures a decision of the gallery: to read the position, to search the index, and to store the
 * decision. Beside it, in turns: usearch's exact search in the same vectors, and a bare transaction.
 * Then the memory of an index, and the time to load it from a store.
 */

import { exactSearch, MetricKind } from "usearch";
import { followStore } from "../../../gallery/index/follow_store.ts";
import { createGalleryIndex } from "../../../gallery/index/memory_index.ts";
import { MAX_IMPORTED_USERS } from "../../../gallery/store/store.ts";
import { normalize } from "../../../matching/vector.ts";
import { MODEL } from "../../support/gallery_store.ts";
import { writeTable } from "../../support/markdown_table.ts";
import { digits, type Finding, printFindings } from "../budget.ts";
import { timed } from "../timing.ts";
import { type Cost, costsInTurns } from "./cost.ts";
import { type Engine, openEngines } from "./engines.ts";
import { DIMENSION, putRandomUsers, randomEmbedding } from "./random_users.ts";

/** Number of users for which a decision has a budget. */
const BUDGETED_USERS = 100_000;
const BUDGET = 1.3;
const SIZES = [2_000, BUDGETED_USERS, ...(Deno.args.includes("--million") ? [1_000_000] : [])];
const LOADED_SIZES = [2_000, BUDGETED_USERS];
/** Vectors that are compared by all searches of one measurement. */
const COMPARED = 12_000_000;

const findings: Finding[] = [];
const parts: string[][] = [];
const galleries = SIZES.map(makeGallery);
for await (const engine of openEngines()) {
  for (const gallery of galleries) await measureDecision(engine, gallery);
}
printFindings(findings);
console.log("\nMilliseconds, wall-clock and (CPU):\n");
console.log(writeTable({
  head: ["store, users", "decision", "bare", "search", "usearch", "store.decide", "transaction"],
  rows: parts,
}));
galleries.length = 0;
await measureMemory();
await measureLoad();

interface Gallery {
  readonly users: number;
  readonly index: ReturnType<typeof createGalleryIndex>;
  /** The same vectors as in the index, in one array. */
  readonly vectors: Float32Array;
}

function makeGallery(users: number): Gallery {
  const vectors = new Float32Array(users * DIMENSION);
  const index = createGalleryIndex();
  putRandomUsers(index, users, (i) => {
    const vector = vectors.subarray(i * DIMENSION, (i + 1) * DIMENSION);
    for (let j = 0; j < DIMENSION; j++) vector[j] = Math.random() - 0.5;
    return normalize(vector, vector);
  });
  return { users, index, vectors };
}

async function measureDecision(
  { name, store, insert }: Engine,
  { users, index, vectors }: Gallery,
) {
  const matched = { collection: "default", userId: "user 0" };
  const event = { ...matched, kind: "decision", outcome: "matched" } as const;
  await store.putUser(matched, { name: "User 0" });
  const follower = { target: index, position: await store.position() };
  const probe = randomEmbedding();
  const search = () =>
    follower.target.search({ collection: "default", model: MODEL, probe, now: Date.now() });
  const decide = () =>
    store.decide({
      jti: crypto.randomUUID(),
      expiresAt: Number.MAX_SAFE_INTEGER,
      position: follower.position,
      matched,
      event,
    });
  const usearch = () => exactSearch(vectors, probe, DIMENSION, 1, MetricKind.IP, 1);
  const transaction = () => insert(crypto.randomUUID());
  const runs = Math.min(Math.max(Math.round(COMPARED / users), 20), 400);
  const both = await costsInTurns(runs, {
    decision: async () => {
      const { position } = follower;
      if (search() === undefined) throw new Error("The search found nobody");
      const { kind } = await store.decide({
        jti: crypto.randomUUID(),
        expiresAt: Number.MAX_SAFE_INTEGER,
        position,
        matched,
        event,
      });
      if (kind !== "decided") throw new Error(`The decision was ${kind}`);
    },
    bare: async () => {
      usearch();
      await transaction();
    },
  });
  const single = await costsInTurns(runs, { search, usearch, decide, transaction });
  const { decision, bare } = both;
  const times = [["wall", "wallMs"], ["CPU", "cpuMs"]] as const;
  for (const [time, field] of users === BUDGETED_USERS ? times : []) {
    findings.push({
      what: `decision over ${users.toLocaleString("en")} users ÷ bare, ${name}, ${time}`,
      measured: decision[field] / bare[field],
      budget: BUDGET,
      bound: "at most",
      detail: `${digits(decision[field])} ms ÷ ${digits(bare[field])} ms`,
    });
  }
  const wallAndCpu = ({ wallMs, cpuMs }: Cost) => `${digits(wallMs)} (${digits(cpuMs)})`;
  parts.push([
    `${name}, ${users.toLocaleString("en")}`,
    ...[decision, bare, single.search, single.usearch, single.decide, single.transaction].map(
      wallAndCpu,
    ),
  ]);
}

/** Prints the memory that a user takes, in a process of its own for each size. */
async function measureMemory() {
  for (const users of SIZES) {
    const program = new URL("index_memory.ts", import.meta.url).pathname;
    const args = [
      "run",
      "-q",
      "--frozen",
      "-P=test",
      "--v8-flags=--expose-gc",
      program,
      `${users}`,
    ];
    const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" })
      .output();
    if (!success) throw new Error("The process that measures memory failed");
    const memory: Record<string, number> = JSON.parse(new TextDecoder().decode(stdout));
    const each = Object.entries(memory).map(([kind, bytes]) =>
      `${kind} ${Math.round(bytes / users)}`
    );
    console.log(
      `memory, ${users} users, bytes a user: ${each.join(", ")}; vector ${4 * DIMENSION}`,
    );
  }
}

/** Prints the time to load all users from SQLite. */
async function measureLoad() {
  for (const users of LOADED_SIZES) {
    for await (const { name, store } of openEngines()) {
      const imported = await timed(async () => {
        for (let first = 0; first < users; first += MAX_IMPORTED_USERS) {
          await store.importUsers(newUsers(first, Math.min(first + MAX_IMPORTED_USERS, users)));
        }
      });
      const { load } = await costsInTurns(3, {
        load: () => followStore(store, createGalleryIndex),
      });
      console.log(
        `${name}, ${users} users: import ${digits(imported / 1000)} s, load ` +
          `${digits(load.wallMs / 1000)} s (CPU ${digits(load.cpuMs / 1000)} s)`,
      );
      // An import into PostgreSQL takes too long.
      break;
    }
  }
}

function newUsers(from: number, to: number) {
  return Array.from({ length: to - from }, (_, i) => {
    const embedding = randomEmbedding();
    const photo = crypto.getRandomValues(new Uint8Array(32));
    const userId = `user ${from + i}`;
    const templates = [{ model: MODEL, embedding, photo }];
    return { collection: "default", userId, name: userId, templates };
  });
}
