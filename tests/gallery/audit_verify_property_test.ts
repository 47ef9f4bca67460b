// Tests that `gallery audit verify` finds every change of the audit that it can find.

import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { DatabaseSync } from "node:sqlite";
import { readCheckpoints, signCheckpoints } from "../../gallery/audit/checkpoint.ts";
import type { CheckpointScope } from "../../gallery/audit/event.ts";
import { PROTECTED } from "../../gallery/audit/rows.ts";
import { type AuditKeys, codeOf, deriveAuditKeys, NO_CODE } from "../../gallery/audit/seal.ts";
import {
  type AuditReport,
  createCompleteness,
  describeReport,
  verifyAudit,
} from "../../gallery/commands/verify_audit.ts";
import { unsealPhotoKey } from "../../gallery/store/key_check.ts";
import { openStore } from "../../gallery/store/open_store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const START_MS = Date.UTC(2026, 0, 31, 12);
const RUNS = 150;

/** A store that three processes have written, and what they have logged. */
interface Fixture {
  readonly templateKeys: string;
  readonly database: Uint8Array;
  readonly log: string;
  readonly keys: AuditKeys;
  readonly rows: readonly Row[];
  /** Numbers of the rows that checkpoints name, by chain. */
  readonly signed: ReadonlyMap<string, readonly number[]>;
  /** Time of the last checkpoint of all chains. */
  readonly until: string;
}

interface Row {
  readonly chain: string;
  readonly seq: number;
}

/** A process for each item: events, and the events after which it writes a checkpoint. */
const PROCESSES = [
  { events: 13, checkpoints: [3, 6, 11, 13] },
  { events: 7, checkpoints: [2, 5] },
  // It is killed before its last checkpoint.
  { events: 8, checkpoints: [4, 6] },
] as const;
/** Events of the first process that are purged. */
const PURGED = 3;

async function makeFixture(): Promise<Fixture> {
  await using folder = await temporaryFolder();
  const templateKeys = makeTemplateKey();
  const clock = { now: START_MS };
  const lines: string[] = ['{"msg":"listening"}', "no JSON at all"];
  const signed = new Map<string, number[]>();
  let until = "";
  for (const [i, { events, checkpoints }] of PROCESSES.entries()) {
    await using store = await openStore(folder.path("gallery"), {
      keys: parseTemplateKeys(templateKeys),
      now: () => clock.now,
      auditKeptMs: 10 * DAY_MS,
    });
    const sign = async (scope: CheckpointScope) => {
      for (const checkpoint of await store.signCheckpoints(scope)) {
        lines.push(JSON.stringify({ level: "info", audit_checkpoint: checkpoint, msg: "x" }));
        for (const [chain, seq] of checkpoint.heads) {
          signed.set(chain, [...signed.get(chain) ?? [], seq]);
        }
        if (scope === "all") until = checkpoint.time;
      }
    };
    if (i === 1) await sign("all");
    for (let n = 1; n <= events; n++) {
      const user = { collection: n % 3 === 0 ? "other" : "default", userId: `user ${n % 2}` };
      const origin = { key: `key-${n % 3}`, requestId: `request-${i}-${n}` };
      if (n % 3 === 0) await store.deleteUser(user, origin);
      else if (n % 3 === 1) await store.putUser(user, { name: `Name ${i} ${n}` }, { origin });
      else await store.record({ ...user, ...origin, kind: "export", outcome: "exported" });
      clock.now += n === PURGED ? DAY_MS : 1000;
      if ((checkpoints as readonly number[]).includes(n)) await sign("own");
    }
    if (i === PROCESSES.length - 1) {
      clock.now = START_MS + 10 * DAY_MS + 60_000;
      await store.purge();
    }
  }
  const path = folder.path("gallery/gallery.db");
  using connection = new DatabaseSync(path);
  connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const rows = connection.prepare("SELECT chain, seq FROM gallery_audit ORDER BY chain, seq")
    .all() as unknown as Row[];
  const total = PROCESSES.reduce((sum, { events }) => sum + events, 0);
  assertEquals(rows.length, total - PURGED);
  const keyRows = connection.prepare("SELECT * FROM gallery_keys").all();
  return {
    templateKeys,
    database: await Deno.readFile(path),
    log: lines.join("\n"),
    keys: deriveAuditKeys(unsealPhotoKey(keyRows as never, parseTemplateKeys(templateKeys))!),
    rows,
    signed,
    until,
  };
}

const fixture = await makeFixture();

/**
 * Verifies a copy of the store that somebody has changed.
 *
 * @param purgedAt The service purges the copy at this time, before it is verified
 */
async function verifyChanged(
  change: (database: DatabaseSync) => void,
  log = fixture.log,
  purgedAt?: number,
): Promise<AuditReport> {
  await using folder = await temporaryFolder({
    "gallery/gallery.db": fixture.database,
    "template-keys": fixture.templateKeys,
    "log": log,
  });
  {
    using database = new DatabaseSync(folder.path("gallery/gallery.db"));
    change(database);
  }
  if (purgedAt !== undefined) {
    await using store = await openStore(folder.path("gallery"), {
      keys: parseTemplateKeys(fixture.templateKeys),
      now: () => purgedAt,
      auditKeptMs: 10 * DAY_MS,
    });
    await store.purge();
  }
  const settings = {
    location: folder.path("gallery"),
    templateKeys: folder.path("template-keys"),
  };
  return await verifyAudit(settings, folder.path("log"));
}

/** Asserts that a report names a row, and nothing before it in its chain. */
function assertNames({ faults }: AuditReport, { chain, seq }: Row, about: string): void {
  const named = faults.filter((fault) => fault.includes(chain));
  assertEquals(named.length, 1, `${about}: ${faults.join("; ")}`);
  assertMatch(named[0]!, new RegExp(`^Row ${seq} of the chain ${chain}\\b`), about);
}

const anyRow = fc.constantFrom(...fixture.rows);
const newest = (chain: string): number => Math.max(...fixture.signed.get(chain)!);
const last = (chain: string): number =>
  Math.max(...fixture.rows.filter((row) => row.chain === chain).map(({ seq }) => seq));

Deno.test("an audit that nobody has changed is in order, and the report says what is covered", async () => {
  const report = await verifyChanged(() => {});
  assertEquals(report.faults, []);
  assertEquals([report.rows, report.chains, report.uncovered], [fixture.rows.length, 3, 4]);
  assertEquals(report.until, fixture.until);
  assert(describeReport(report).includes(`stored at ${fixture.until} `));
});

Deno.test("every flipped bit of a row or of a note is found, and the row is named", async () => {
  const column = fc.constantFrom(...PROTECTED, "code");
  await fc.assert(
    fc.asyncProperty(anyRow, column, fc.nat(), async ({ chain, seq }, column, bit) => {
      let isFlipped = true;
      const report = await verifyChanged((database) => {
        isFlipped = flip(database, "gallery_audit", column, bit, { chain, seq });
      });
      const about = `${column} of ${seq}, bit ${bit}`;
      // Two rows cannot have one number.
      if (!isFlipped) return;
      const isMoved = column === "chain" && seq === last(chain) && seq > newest(chain);
      // The newest row is in another chain now, where nothing comes before it.
      if (isMoved) assertEquals(report.faults.length, 1, about);
      else assertNamesAny(report, { chain, seq }, about);
    }),
    { numRuns: RUNS },
  );
  const noted = ["chain", "seq", "purged_at", "row_code", "code"];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...noted), fc.nat(), async (column, bit) => {
      const report = await verifyChanged((database) => {
        flip(database, "gallery_audit_purges", column, bit);
      });
      assert(report.faults.length > 0, `${column}, bit ${bit}`);
    }),
    { numRuns: 50 },
  );
});

/**
 * As {@linkcode assertNames}; a changed name of a chain makes another chain, which is named, too. A row
 * with a changed number may come first.
 */
function assertNamesAny({ faults }: AuditReport, { chain, seq }: Row, about: string): void {
  assert(
    faults.some((fault) =>
      fault.startsWith(`Row ${seq} of the chain ${chain}`) ||
      /^Row (-\d+|0|[123]) /.test(fault) && fault.includes(`${chain} `) &&
        fault.includes(" was put in: ")
    ),
    `${about}: ${faults.join("; ")}`,
  );
}

Deno.test("a row that was put in is found and named, whatever its number is", async () => {
  const numbers = ["0", "-1", "-9007199254740993", "-9223372036854775808", "-1e300", "1", "3"];
  await fc.assert(
    fc.asyncProperty(anyRow, fc.constantFrom(...numbers), async ({ chain }, number) => {
      let isPutIn = true;
      const report = await verifyChanged((database) => {
        try {
          database.exec(
            `INSERT INTO gallery_audit (chain, seq, created_at, collection, kind, outcome, code)
              VALUES ('${chain}', ${number}, ${START_MS}, 'default', 'user', 'forged', zeroblob(32))`,
          );
        } catch {
          // There is such a row.
          isPutIn = false;
        }
      });
      if (!isPutIn) return;
      assertEquals(report.faults.length, 1);
      assertMatch(
        report.faults[0]!,
        new RegExp(`^Row ${number.replace("1e300", "1(\\.0)?e\\+300")} `),
      );
      assertMatch(report.faults[0]!, new RegExp(`the chain ${chain} .* was put in`));
    }),
    { numRuns: RUNS },
  );
});

Deno.test("a purge hides no change", async () => {
  const condition = ({ chain, seq }: Row) => `chain = '${chain}' AND seq = ${seq}`;
  type Change = (database: DatabaseSync, row: Row, bit: number) => void;
  const changes: Readonly<Record<string, Change>> = {
    "nothing": () => {},
    "a row looks old": (database, row) => {
      database.exec(`UPDATE gallery_audit SET created_at = 0 WHERE ${condition(row)}`);
    },
    "rows look old": (database, { chain, seq }) => {
      database.exec(
        `UPDATE gallery_audit SET created_at = 0 WHERE chain = '${chain}' AND seq <= ${seq}`,
      );
    },
    "all look old": (database) => database.exec("UPDATE gallery_audit SET created_at = 0"),
    "a bit": (database, row, bit) => {
      const columns = [...PROTECTED, "code"];
      flip(database, "gallery_audit", columns[bit % columns.length]!, bit, row);
    },
    "a row is removed": (database, row) => {
      database.exec(`DELETE FROM gallery_audit WHERE ${condition(row)}`);
    },
    "rows are computed again": (database, row) => rewrite(database, new Uint8Array(32), row),
    "a row is put in": (database, { chain, seq }, bit) => {
      database.exec(
        `INSERT OR REPLACE INTO gallery_audit
          (chain, seq, created_at, collection, kind, outcome, code)
          VALUES ('${chain}', ${seq - bit % 20}, 0, 'default', 'user', 'forged', zeroblob(32))`,
      );
    },
    "removed rows have a note of somebody else": (database, { chain, seq }) => {
      database.exec(
        `INSERT OR REPLACE INTO gallery_audit_purges
          SELECT chain, seq, ${START_MS}, code, zeroblob(32) FROM gallery_audit
            WHERE chain = '${chain}' AND seq = ${seq};
          DELETE FROM gallery_audit WHERE chain = '${chain}' AND seq <= ${seq}`,
      );
    },
  };
  const PURGES_MS = START_MS + 10 * DAY_MS;
  await fc.assert(
    fc.asyncProperty(
      anyRow,
      fc.constantFrom(...Object.keys(changes)),
      fc.nat(),
      fc.nat({ max: 4 * DAY_MS }),
      async (row, name, bit, ms) => {
        const change = (database: DatabaseSync) => changes[name]!(database, row, bit);
        const before = await verifyChanged(change);
        const after = await verifyChanged(change, fixture.log, PURGES_MS + ms);
        const found = ({ faults }: AuditReport) => faults.length > 0;
        assertEquals(found(after), found(before), `${name}: ${before.faults} / ${after.faults}`);
      },
    ),
    { numRuns: RUNS },
  );
  const all = await verifyChanged(() => {}, fixture.log, PURGES_MS + 4 * DAY_MS);
  assertEquals([all.faults, all.rows], [[], 0]);
});

Deno.test("a removed row is found and named, unless it is newer than every checkpoint", async () => {
  await fc.assert(
    fc.asyncProperty(anyRow, async ({ chain, seq }) => {
      const report = await verifyChanged((database) => {
        database.prepare("DELETE FROM gallery_audit WHERE chain = ? AND seq = ?").run(chain, seq);
      });
      if (seq === last(chain) && seq > newest(chain)) assertEquals(report.faults, []);
      else assertNames(report, { chain, seq }, "removed");
    }),
    { numRuns: RUNS },
  );
});

Deno.test("two rows that were swapped are found, and the first one is named", async () => {
  const columns = [...PROTECTED.slice(2), "code"];
  await fc.assert(
    fc.asyncProperty(anyRow, anyRow, async (a, b) => {
      if (a.chain === b.chain && a.seq === b.seq) return;
      const report = await verifyChanged((database) => {
        const read = database.prepare(
          `SELECT ${columns.join(", ")} FROM gallery_audit WHERE chain = ? AND seq = ?`,
        );
        const write = database.prepare(
          `UPDATE gallery_audit SET ${columns.map((name) => `${name} = ?`).join(", ")}
            WHERE chain = ? AND seq = ?`,
        );
        const ofA = Object.values(read.get(a.chain, a.seq)!);
        const ofB = Object.values(read.get(b.chain, b.seq)!);
        write.run(...ofB, a.chain, a.seq);
        write.run(...ofA, b.chain, b.seq);
      });
      const [first, second] = a.seq < b.seq ? [a, b] : [b, a];
      assertNames(report, first, "swapped");
      if (first.chain !== second.chain) assertNames(report, second, "swapped");
    }),
    { numRuns: RUNS },
  );
});

Deno.test("a chain that was computed again is found", async () => {
  await fc.assert(
    fc.asyncProperty(anyRow, fc.boolean(), async ({ chain, seq }, hasKeys) => {
      const key = hasKeys ? fixture.keys.rows : new Uint8Array(32).fill(1);
      const report = await verifyChanged((database) => rewrite(database, key, { chain, seq }));
      const signed = fixture.signed.get(chain)!.find((number) => number >= seq);
      // Without the keys, no row can be made. With them, the next checkpoint does not fit.
      if (!hasKeys) assertNames(report, { chain, seq }, "rewritten");
      else if (signed !== undefined) assertNames(report, { chain, seq: signed }, "rewritten");
      else assertEquals([report.faults, report.until], [[], fixture.until]);
    }),
    { numRuns: RUNS },
  );
});

Deno.test("a chain that was cut off before its last checkpoint is found; behind it, the report says that it is not covered", async () => {
  await fc.assert(
    fc.asyncProperty(anyRow, async ({ chain, seq }) => {
      const report = await verifyChanged((database) => {
        database.prepare("DELETE FROM gallery_audit WHERE chain = ? AND seq >= ?").run(chain, seq);
      });
      if (seq <= newest(chain)) {
        assertNames(report, { chain, seq }, "cut off");
        assert(report.faults[0]!.includes(`names row ${newest(chain)}`));
        return;
      }
      assertEquals(report.faults, []);
      assertEquals(report.uncovered, 4 - (last(chain) - seq + 1));
      assert(describeReport(report).includes(`stored at ${fixture.until} `));
    }),
    { numRuns: RUNS },
  );
});

Deno.test("a checkpoint that was changed, or one of another gallery, is refused, and a log without one proves nothing", async () => {
  const [line] = fixture.log.split("\n").filter((line) => line.includes("audit_checkpoint"));
  const { audit_checkpoint: { time, heads: [[chain, seq]], code } } = JSON.parse(line!);
  const another = `${code[0] === "0" ? "1" : "0"}${code.slice(1)}`;
  for (
    const bad of [
      line!.replace(time, "2027-01-31T12:00:00.000Z"),
      line!.replace(`"${chain}",${seq}`, `"${chain}",${seq + 1}`),
      line!.replace(code, another),
      line!.slice(0, -20),
      '{"audit_checkpoint":null}',
    ]
  ) {
    const { faults } = await verifyChanged(() => {}, `${fixture.log}\n${bad}`);
    const number = fixture.log.split("\n").length + 1;
    assertEquals(faults.length, 1);
    assertMatch(faults[0]!, new RegExp(`^Line ${number} of .* has not signed$`));
  }
  const { faults } = await verifyChanged(() => {}, "no log");
  assertMatch(faults.join(), /has no checkpoint of this gallery$/);
});

Deno.test("a line that merely has the name of the field is no checkpoint; one that Docker has wrapped is", async () => {
  const name = "audit_checkpoint";
  const others = [
    JSON.stringify({ service: "gallery", request_id: name, msg: "request" }),
    JSON.stringify({ service: "gallery", request_id: `"${name}":{}`, msg: "request" }),
    JSON.stringify({ log: `${JSON.stringify({ request_id: name, service: "api", msg: "" })}\n` }),
    `12:00:00 INFO request request_id=${name} status=401`,
  ];
  const read = async (lines: readonly string[]) => await verifyChanged(() => {}, lines.join("\n"));
  const lines = fixture.log.split("\n");
  assertEquals((await read([...others, ...lines])).faults, []);
  const wrapped = lines.map((line) => JSON.stringify({ log: `${line}\n`, stream: "stdout" }));
  const { faults, until, uncovered } = await read([...others, ...wrapped]);
  assertEquals([faults, until, uncovered], [[], fixture.until, 4]);
  const bad = JSON.stringify({ log: `${JSON.stringify({ [name]: null })}\n` });
  assertEquals((await read([...lines, bad])).faults.length, 1);
});

Deno.test("the report names the time of the last checkpoint of all chains, when all its lines are there", async () => {
  const all = fixture.log.split("\n").filter((line) => line.includes('"chains":'));
  assertEquals(all.length, 1);
  const without = fixture.log.split("\n").filter((line) => line !== all[0]);
  const report = await verifyChanged(() => {}, without.join("\n"));
  assertEquals([report.faults, report.until], [[], undefined]);
  assert(describeReport(report).includes("no checkpoint of all chains"));
  // A line says how many chains there are, and is signed.
  const { audit_checkpoint } = JSON.parse(all[0]!);
  for (const chains of [undefined, 2]) {
    const changed = JSON.stringify({ audit_checkpoint: { ...audit_checkpoint, chains } });
    const { faults } = await verifyChanged(() => {}, [...without, changed].join("\n"));
    assertMatch(faults.join(), /has a checkpoint that this gallery has not signed$/);
  }
});

Deno.test("checkpoints of more chains than a line has belong together", () => {
  const heads = Array.from({ length: 250 }, (_, i) => ({
    chain: i.toString(16).padStart(16, "0"),
    seq: 1,
    code: NO_CODE,
  }));
  const lines = signCheckpoints(fixture.keys, heads, START_MS, true);
  assertEquals(lines.map(({ heads, chains }) => [heads.length, chains]), [
    [100, 250],
    [100, 250],
    [50, 250],
  ]);
  for (const line of lines) {
    const text = JSON.stringify({ audit_checkpoint: line });
    assertEquals(readCheckpoints(fixture.keys, text), [line]);
  }
  const complete = createCompleteness();
  for (const line of [lines[0]!, lines[0]!, lines[1]!]) complete.add(line);
  assertEquals(complete.newest(), undefined);
  complete.add(lines[2]!);
  assertEquals(complete.newest(), lines[0]!.time);
});

Deno.test("the heads of a chain whose rows are gone are signed on, unless a purge has deleted them", async () => {
  await using folder = await temporaryFolder();
  const clock = { now: START_MS };
  await using store = await openStore(folder.path("gallery"), {
    keys: parseTemplateKeys(makeTemplateKey()),
    now: () => clock.now,
    auditKeptMs: DAY_MS,
  });
  const seqs = async () => {
    const checkpoints = await store.signCheckpoints("all");
    return checkpoints.flatMap(({ heads }) => heads.map(([, seq]) => seq));
  };
  const use = (statement: string) => {
    using database = new DatabaseSync(folder.path("gallery/gallery.db"));
    database.exec(statement);
  };
  const user = { collection: "default", userId: "alice" };
  for (let i = 0; i < 3; i++) await store.putUser(user, { name: `Alice ${i}` });
  assertEquals(await seqs(), [3]);
  clock.now += 2 * DAY_MS;
  await store.purge();
  assertEquals(await seqs(), []);
  for (let i = 0; i < 2; i++) await store.putUser(user, { name: `Bob ${i}` });
  assertEquals(await seqs(), [5]);
  use("DELETE FROM gallery_audit");
  // The note of the purge says nothing of these rows, and another one is not of this store.
  for (let i = 0; i < 2; i++) assertEquals(await seqs(), [5]);
  use("UPDATE gallery_audit_purges SET seq = 5");
  assertEquals(await seqs(), [5]);
});

Deno.test("others are answered between the parts of a long purge", async () => {
  await using folder = await temporaryFolder();
  const clock = { now: START_MS };
  await using store = await openStore(folder.path("gallery"), {
    keys: parseTemplateKeys(makeTemplateKey()),
    now: () => clock.now,
    auditKeptMs: DAY_MS,
  });
  for (let i = 0; i < 10; i++) {
    await store.importUsers(
      Array.from({ length: 100 }, (_, j) => ({
        ...{ collection: "default", userId: `user ${i} ${j}`, name: "N", templates: [] },
      })),
    );
  }
  clock.now += 2 * DAY_MS;
  const left = new Promise((resolve) => {
    setTimeout(async () => {
      const { items } = await store.listEvents("default", { limit: 1000 });
      resolve(items.length);
    });
  });
  await store.purge();
  assertEquals(await left, 800);
  assertEquals((await store.listEvents("default", { limit: 1 })).items, []);
});

Deno.test("a purge names the chains whose old events stay, and an operator can delete them", async () => {
  const ms = (days: number) => START_MS + days * DAY_MS;
  const changes: Record<string, string> = {
    "changed": "UPDATE gallery_audit SET outcome = 'forged' WHERE seq = 3",
    "missing": "DELETE FROM gallery_audit WHERE seq = 3",
    "the first is missing": "DELETE FROM gallery_audit WHERE seq = 1",
    "in the future": `UPDATE gallery_audit SET created_at = ${ms(900)} WHERE seq = 1`,
    "no time": "UPDATE gallery_audit SET created_at = 'x' WHERE seq = 1",
  };
  for (const [about, change] of Object.entries(changes)) {
    await using folder = await temporaryFolder();
    const templateKeys = await folder.write("template-keys", makeTemplateKey());
    const location = folder.path("gallery");
    const clock = { now: START_MS };
    const purges: (readonly string[])[] = [];
    const open = async () =>
      await openStore(location, {
        keys: parseTemplateKeys(await Deno.readTextFile(templateKeys)),
        now: () => clock.now,
        auditKeptMs: 10 * DAY_MS,
        onAuditKept: (chains) => purges.push(chains),
      });
    const use = (statement: string) => {
      using database = new DatabaseSync(`${location}/gallery.db`);
      database.exec(statement);
    };
    const event = { collection: "default", kind: "export", outcome: "exported" } as const;
    const lines: string[] = [];
    const verify = async (from = 0) =>
      await verifyAudit(
        { location, templateKeys },
        await folder.write("log", lines.slice(from).join("\n")),
      );
    const seqs = (items: readonly { readonly seq: number }[]) =>
      items.map(({ seq }) => seq).toSorted((a, b) => a - b);
    const write = async (chain: number) => {
      await using store = await open();
      // Each starts at another place of the purge's 200 events.
      for (let i = 0; i < 150 + chain; i++) {
        if (i === 100) clock.now += DAY_MS;
        await store.record(event);
      }
      for (const checkpoint of await store.signCheckpoints("all")) {
        lines.push(JSON.stringify({ audit_checkpoint: checkpoint }));
      }
      const { items: [newest] } = await store.listEvents("default", { limit: 1 });
      return newest!.chain;
    };
    const names: string[] = [];
    for (let i = 0; i < 3; i++) {
      clock.now = START_MS;
      names.push(await write(i));
    }
    const bad = names[1]!;
    use(`${change} AND chain = '${bad}'`);
    {
      await using store = await open();
      clock.now = ms(10);
      await store.purge();
      await store.purge();
      assertEquals(purges.splice(0), [[bad], [bad]], about);
      const { items } = await store.listEvents("default", { limit: 1000 });
      const left = Map.groupBy(items, ({ chain }) => chain);
      for (const [i, name] of names.entries()) {
        if (name !== bad) assertEquals(seqs(left.get(name)!).length, 50 + i, about);
      }
      assert((await verify()).faults.join().includes(bad));
      // The statement of docs/operations.md.
      use(`DELETE FROM gallery_audit WHERE chain = '${bad}'`);
      await store.purge();
      assertEquals(purges.splice(0), [[]], about);
    }
    // As long as a checkpoint names the chain, its rows are missed.
    const { faults } = await verify();
    assertEquals(faults.length, 1, about);
    assertMatch(faults[0]!, new RegExp(`^Row \\d+ of the chain ${bad} is missing: `));
    await using store = await open();
    await store.record(event);
    const from = lines.length;
    for (const checkpoint of await store.signCheckpoints("all")) {
      lines.push(JSON.stringify({ audit_checkpoint: checkpoint }));
    }
    assertEquals((await verify(from)).faults, [], about);
  }
});

Deno.test("chains of many rows are read in parts", async () => {
  await using folder = await temporaryFolder();
  const templateKeys = await folder.write("template-keys", makeTemplateKey());
  const location = folder.path("gallery");
  const settings = { location, templateKeys };
  const keys = parseTemplateKeys(await Deno.readTextFile(templateKeys));
  const clock = { now: START_MS };
  await using store = await openStore(location, {
    keys,
    now: () => clock.now,
    auditKeptMs: DAY_MS,
  });
  for (let i = 0; i < 26; i++) {
    clock.now += DAY_MS / 20;
    const users = Array.from({ length: 100 }, (_, j) => ({
      ...{ collection: "default", userId: `user ${i} ${j}`, name: "N", templates: [] },
    }));
    await store.importUsers(users);
  }
  const log = await folder.write(
    "log",
    (await store.signCheckpoints("all")).map((it) => JSON.stringify({ audit_checkpoint: it }))
      .join("\n"),
  );
  // The service has the folder meanwhile.
  const whole = await verifyAudit(settings, log);
  assertEquals([whole.faults, whole.rows, whole.uncovered], [[], 2600, 0]);
  await store.purge();
  const purged = await verifyAudit(settings, log);
  assertEquals([purged.faults, purged.rows, purged.uncovered], [[], 2000, 0]);
  {
    using database = new DatabaseSync(`${location}/gallery.db`);
    database.exec("DELETE FROM gallery_audit WHERE seq IN (1700, 1800)");
  }
  const { faults } = await verifyAudit(settings, log);
  assertEquals(faults.length, 1);
  assertMatch(faults[0]!, /^Row 1700 of the chain \w+ is missing$/);
});

/** Flips one bit of a value. Returns false when the change is impossible. */
function flip(
  database: DatabaseSync,
  table: string,
  column: string,
  bit: number,
  row?: Row,
): boolean {
  const where = row === undefined ? "" : `WHERE chain = '${row.chain}' AND seq = ${row.seq}`;
  const select = database.prepare(
    `SELECT typeof(${column}) AS type, CAST(${column} AS BLOB) AS bytes,
      CAST(${column} AS TEXT) AS text FROM ${table} ${where}`,
  );
  const { type, bytes, text } = select.get() as { type: string; bytes: Uint8Array; text: string };
  let value: string | bigint | Uint8Array;
  if (type === "null") {
    value = "";
  } else if (type === "integer") {
    // The sign is a bit, too.
    value = BigInt.asIntN(64, BigInt(text) ^ (1n << BigInt(bit % 64)));
  } else {
    value = Uint8Array.from(bytes);
    value[Math.floor(bit / 8) % value.length]! ^= 1 << bit % 8;
  }
  const cast = type === "text" ? "CAST(? AS TEXT)" : "?";
  try {
    database.prepare(`UPDATE ${table} SET ${column} = ${cast} ${where}`).run(value);
    return true;
  } catch {
    return false;
  }
}

/** Changes a row, and computes its code and those of all rows after it again. */
function rewrite(database: DatabaseSync, key: Uint8Array, { chain, seq }: Row): void {
  database.prepare("UPDATE gallery_audit SET outcome = 'forged' WHERE chain = ? AND seq = ?")
    .run(chain, seq);
  const before = database.prepare("SELECT code FROM gallery_audit WHERE chain = ? AND seq = ?")
    .get(chain, seq - 1) ??
    database.prepare("SELECT row_code AS code FROM gallery_audit_purges WHERE chain = ?")
      .get(chain);
  let code = (before?.["code"] ?? NO_CODE) as Uint8Array;
  const rows = database.prepare(
    "SELECT * FROM gallery_audit WHERE chain = ? AND seq >= ? ORDER BY seq",
  ).all(chain, seq);
  for (const row of rows) {
    const texts = PROTECTED.map((column) => row[column] === null ? null : String(row[column]));
    code = codeOf(key, code, texts);
    database.prepare("UPDATE gallery_audit SET code = ? WHERE chain = ? AND seq = ?")
      .run(code, chain, row["seq"]!);
  }
}
