/** The behaviour of every store: keys of the templates. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { makeTemplateKey, parseTemplateKeys } from "../../../shared/template_keys.ts";
import { ConfigError } from "../../../shared/env.ts";
import { newTemplate } from "../../support/gallery_store.ts";
import { ALICE, KEYS, readAll, type StoreTest } from "./store_backend.ts";

/** Registers the tests. */
export function testTemplateKeys(test: StoreTest): void {
  test(
    "templates of an older key are encrypted again, and then the key can go",
    async (store, clock, opened) => {
      await store.putUser(ALICE, { name: "Alice" });
      for (const seed of [1, 2, 3]) await store.addTemplate(ALICE, newTemplate(seed));
      const before = await readAll(store);
      const position = await store.position();
      await store[Symbol.asyncDispose]();
      const [newKey] = parseTemplateKeys(makeTemplateKey());
      const now = () => clock.now;
      const needed = await assertRejects(() => opened.open({ keys: [newKey], now }), ConfigError);
      assertMatch(needed.message, new RegExp(`^Template keys: .*${KEYS[0].id}$`));
      {
        await using both = await opened.open({ keys: [newKey, KEYS[0]], now });
        assertEquals(await readAll(both), before);
        assertEquals(await both.reencrypt(2), 2);
        assertEquals(await readAll(both), before);
        // The photos are still known.
        const known = await both.addTemplate(ALICE, newTemplate(2));
        assert(known.kind === "stored" && !known.added);
      }
      const missing = await assertRejects(() => opened.open({ keys: [newKey], now }), ConfigError);
      assertMatch(missing.message, /has encrypted 1 templates, is missing$/);
      {
        await using both = await opened.open({ keys: [newKey, KEYS[0]], now });
        assertEquals(await both.reencrypt(2), 1);
        assertEquals(await both.reencrypt(2), 0);
        assertEquals(await both.position(), position);
      }
      await using alone = await opened.open({ keys: [newKey], now });
      assertEquals(await readAll(alone), before);
      const known = await alone.addTemplate(ALICE, newTemplate(2));
      assert(known.kind === "stored" && !known.added);
    },
  );

  test(
    "keys that do not fit the database stop the start with one line",
    async (store, _, opened) => {
      await store[Symbol.asyncDispose]();
      const wrong = parseTemplateKeys(makeTemplateKey());
      const error = await assertRejects(() => opened.open({ keys: wrong }), ConfigError);
      assertEquals(
        error.message,
        `Template keys: none of them fits the gallery's database. It needs the key ${KEYS[0].id}`,
      );
    },
  );
}
