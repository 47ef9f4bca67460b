/**
 * Measures decisions and changes of both stores, each beside a bare transaction of one row in the
 * same database engine, in turns. PostgreSQL is measured when FACE_IT_POSTGRES_BIN is set.
 */

import { type GalleryStore, MAX_IMPORTED_USERS } from "../../../gallery/store/store.ts";
import { newTemplate } from "../../support/gallery_store.ts";
import { writeRow } from "../../support/markdown_table.ts";
import { median, timed, timeInTurns } from "../timing.ts";
import { openEngines } from "./engines.ts";

const TURNS = 20;
const CALLS_PER_TURN = 100;
const LOADED_USERS = 2000;

type Run = (id: string) => Promise<unknown>;

console.log(writeRow(["store", "clients", "decisions/s", "bare transactions/s", "time ratio"]));
console.log(writeRow(["---", "---", "---", "---", "---"]));
for await (const { name, store, insert } of openEngines()) {
  const run: Run = async (id) => await insert(id);
  for (const clients of name === "SQLite" ? [1] : [1, 8]) {
    await measure(name, store, clients, run);
  }
  await measureTheRest(name, store);
}

async function measure(name: string, store: GalleryStore, clients: number, bare: Run) {
  const position = await store.position();
  const event = { collection: "default", kind: "decision", outcome: "not_matched" } as const;
  const decide: Run = (jti) =>
    store.decide({ jti, expiresAt: Number.MAX_SAFE_INTEGER, position, event });
  const turn = (run: Run) => () =>
    Promise.all(Array.from({ length: clients }, async () => {
      for (let i = 0; i < CALLS_PER_TURN / clients; i++) await run(crypto.randomUUID());
    }));
  const { a, b } = await timeInTurns(TURNS, turn(decide), turn(bare));
  const perSecond = (times: readonly number[]) => Math.round(CALLS_PER_TURN / median(times) * 1000);
  const ratio = (median(a) / median(b)).toFixed(2);
  console.log(writeRow([name, clients, perSecond(a), perSecond(b), ratio]));
}

/** Measures what a client or the start of a service waits for. */
async function measureTheRest(name: string, store: GalleryStore) {
  const users = Array.from({ length: LOADED_USERS }, (_, i) => ({
    collection: "default",
    userId: `user ${i}`,
    name: `User ${i}`,
    templates: [newTemplate(i, 512)],
  }));
  const imported = await timed(async () => {
    for (let i = 0; i < users.length; i += MAX_IMPORTED_USERS) {
      await store.importUsers(users.slice(i, i + MAX_IMPORTED_USERS));
    }
  });
  const loaded = await timed(() => Array.fromAsync(store.readUsers()));
  const deletions: number[] = [];
  const additions: number[] = [];
  for (const user of users.slice(0, 100)) {
    deletions.push(await timed(() => store.deleteUser(user)));
    await store.putUser(user, { name: user.name });
    additions.push(await timed(() => store.addTemplate(user, user.templates[0]!)));
  }
  const perUser = (ms: number) => `${(ms * 1000 / LOADED_USERS).toFixed(0)} µs a user`;
  console.log(
    `\n${name}: import ${perUser(imported)}, load ${perUser(loaded)}, ` +
      `addTemplate ${median(additions).toFixed(1)} ms, deleteUser ${
        median(deletions).toFixed(1)
      } ms\n`,
  );
}
