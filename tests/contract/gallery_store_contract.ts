/** The behaviour of every store of the gallery: one suite of tests for all databases. */

import { testAudit } from "./gallery_store/audit.ts";
import { testChanges } from "./gallery_store/changes.ts";
import { testDecisions } from "./gallery_store/decisions.ts";
import { testDeletions } from "./gallery_store/deletions.ts";
import { KEYS, type StoreBackend, type StoreTest } from "./gallery_store/store_backend.ts";
import { testImports } from "./gallery_store/imports.ts";
import { testTemplateKeys } from "./gallery_store/template_keys.ts";
import { testTemplates } from "./gallery_store/templates.ts";
import { testTries } from "./gallery_store/tries.ts";
import { testUsers } from "./gallery_store/users.ts";

/**
 * Registers the suite for one database.
 *
 * @param backend Makes an empty database for one test
 * @param register Registers one test
 */
export function testGalleryStore(
  backend: () => Promise<StoreBackend>,
  register: (name: string, body: () => Promise<void>) => void,
): void {
  const test: StoreTest = (name, body, options = {}) =>
    register(name, async () => {
      await using opened = await backend();
      const clock = { now: 1_000_000 };
      await using store = await opened.open({ keys: KEYS, now: () => clock.now, ...options });
      await body(store, clock, opened);
    });
  testUsers(test);
  testTemplates(test);
  testImports(test);
  testChanges(test);
  testDecisions(test);
  testTries(test);
  testAudit(test);
  testDeletions(test);
  testTemplateKeys(test);
}
