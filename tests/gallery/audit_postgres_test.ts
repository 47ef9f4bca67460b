// The audit in PostgreSQL, which several processes write at the same time.

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { AuditCheckpoint } from "../../gallery/audit/event.ts";
import { verifyAudit } from "../../gallery/commands/verify_audit.ts";
import { openStore } from "../../gallery/store/open_store.ts";
import type { GalleryStore } from "../../gallery/store/store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const CONNECTIONS = 8;
const user = { collection: "default", userId: "user1" };

needs("postgres")(
  "replicas that decide at the same time write chains without gaps, also when the database is killed",
  async () => {
    await using server = await startPostgres();
    await using folder = await temporaryFolder({ "template-keys": makeTemplateKey() });
    const location = await server.newDatabase();
    const settings = { location, templateKeys: folder.path("template-keys") };
    const keys = parseTemplateKeys(await Deno.readTextFile(settings.templateKeys));
    const stores: GalleryStore[] = [];
    await using closing = new AsyncDisposableStack();
    for (let i = 0; i < 2; i++) stores.push(closing.use(await openStore(location, { keys })));
    await stores[0]!.putUser(user, { name: "User One" });

    let answered = 1;
    const decide = async (store: GalleryStore) => {
      await store.decide({
        jti: crypto.randomUUID(),
        expiresAt: Number.MAX_SAFE_INTEGER,
        matched: user,
        event: { ...user, kind: "decision", outcome: "matched" },
      });
      answered++;
    };
    await Promise.all(Array.from({ length: 200 }, (_, i) => decide(stores[i % 2]!)));
    const checkpoints: AuditCheckpoint[] = [];
    for (const store of stores) checkpoints.push(...await store.signCheckpoints("all"));
    const verify = async () => {
      const lines = checkpoints.map((it) => JSON.stringify({ audit_checkpoint: it }));
      return await verifyAudit(settings, await folder.write("log", lines.join("\n")));
    };
    const whole = await verify();
    assertEquals([whole.faults, whole.rows, whole.uncovered], [[], answered, 0]);
    assert(whole.chains <= 2 * CONNECTIONS, `${whole.chains} chains`);

    // What was answered is there. What was not may be there or not.
    const pending = Array.from({ length: 100 }, (_, i) => decide(stores[i % 2]!));
    const ended = Promise.allSettled(pending);
    await Promise.any(pending);
    await server.kill();
    await ended;
    await server.restart();
    const before = answered;
    // Connections of the time before may still be noticed.
    const works = (store: GalleryStore) => () => decide(store).then(() => true, () => false);
    for (const store of stores) await eventually(works(store), "the database answers", 60_000);
    for (const store of stores) checkpoints.push(...await store.signCheckpoints("changed"));
    const killed = await verify();
    assertEquals([killed.faults, killed.uncovered], [[], 0]);
    assert(killed.rows >= before + 2, `${killed.rows} of ${answered}`);

    const [row] = await server.query(
      location,
      "SELECT chain, seq FROM gallery_audit ORDER BY seq DESC LIMIT 1",
    );
    await server.query(
      location,
      `DELETE FROM gallery_audit WHERE chain = '${row!["chain"]}' AND seq = ${row!["seq"]}`,
    );
    const cut = await verify();
    assertEquals(cut.faults.length, 1);
    assertMatch(cut.faults[0]!, new RegExp(`^Row ${row!["seq"]} of the chain ${row!["chain"]} is`));
  },
);
