import { assertEquals, assertRejects } from "@std/assert";
import { createFakeLog } from "../../shared/fake_log.ts";
import { StoreUnavailable } from "../store/store.ts";
import type { AuditCheckpoint, CheckpointScope } from "./event.ts";
import { createCheckpoints } from "./log_checkpoints.ts";

const CHECKPOINT: AuditCheckpoint = {
  time: "2026-01-31T12:00:00.000Z",
  heads: [["0".repeat(16), 1, "0".repeat(64)]],
  code: "0".repeat(64),
};

function setUp(
  { isPretty = false, isAway = () => false }: { isPretty?: boolean; isAway?: () => boolean } = {},
) {
  const { log, lines } = createFakeLog();
  log.level = "error";
  const clock = { now: 5000 };
  const scopes: CheckpointScope[] = [];
  const store = {
    unsignedEvents: 0,
    signCheckpoints(scope: CheckpointScope) {
      if (scope !== "own" && isAway()) return Promise.reject(new StoreUnavailable("away"));
      scopes.push(scope);
      return Promise.resolve([CHECKPOINT]);
    },
  };
  let written = 0;
  const checkpoints = createCheckpoints({
    store,
    log,
    isPretty,
    now: () => clock.now,
    written: () => written++,
  });
  /** Returns what is signed after a time. */
  const after = async (ms: number) => {
    clock.now += ms;
    scopes.length = 0;
    await checkpoints.writeIfDue();
    return scopes;
  };
  return { checkpoints, store, lines, after, scopes, count: () => written };
}

Deno.test("chains are signed at the start, after 1,000 events, each minute, and all each hour", async () => {
  const { store, lines, after, count } = setUp();
  assertEquals(await after(0), ["own", "all"]);
  assertEquals(await after(59_999), []);
  assertEquals(await after(1), ["own", "changed"]);
  store.unsignedEvents = 999;
  assertEquals(await after(1), []);
  store.unsignedEvents = 1000;
  assertEquals(await after(1), ["own"]);
  assertEquals(await after(59_998), ["own", "changed"]);
  assertEquals(await after(3_600_000), ["own", "all"]);
  // Whatever LOG_LEVEL is: a program reads them.
  assertEquals(lines.length, count());
  assertEquals(lines[0], {
    level: "info",
    audit_checkpoint: CHECKPOINT,
    msg: "audit checkpoint",
  });
});

Deno.test("while the database is away, a process signs its own chains, and tries the others again", async () => {
  let isAway = true;
  const { after, lines } = setUp({ isAway: () => isAway });
  await assertRejects(() => after(0), StoreUnavailable);
  assertEquals(lines.length, 1);
  isAway = false;
  assertEquals(await after(500), ["own", "all"]);
});

Deno.test("the last checkpoint needs no database, and a terminal shows none", async () => {
  const { checkpoints, scopes } = setUp();
  await checkpoints.writeLast();
  assertEquals(scopes, ["own"]);
  const pretty = setUp({ isPretty: true });
  await pretty.after(0);
  assertEquals(pretty.lines, []);
});
