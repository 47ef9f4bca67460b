import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { newTemplate } from "../tests/support/gallery_store.ts";
import { temporaryFolder } from "../tests/support/temporary_folder.ts";
import { ConfigError } from "../shared/env.ts";
import { createFakeLog } from "../shared/fake_log.ts";
import { withMethods } from "./fake_gallery.ts";
import { openGallery, readTemplateKeys } from "./open_gallery.ts";
import { openStore } from "./store/open_store.ts";
import { StoreUnavailable } from "./store/store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../shared/template_keys.ts";
import { createStoreWatch } from "./store_watch.ts";
import { DEFAULT_POLICY } from "../shared/contract/fake_policy.ts";

function options() {
  const { log, lines } = createFakeLog();
  const waits: number[] = [];
  const stop = new AbortController();
  return {
    lines,
    waits,
    stop,
    given: {
      log,
      watch: createStoreWatch(log),
      match: { on: "cosine", threshold: 0.5 } as const,
      policy: DEFAULT_POLICY,
      findRules: () => undefined,
      clock: Date.now,
      delay(ms: number, signal: AbortSignal) {
        signal.throwIfAborted();
        waits.push(ms);
        return Promise.resolve();
      },
      signal: stop.signal,
    },
  };
}

Deno.test("a gallery whose store is away is opened when the store is back, and logs it once", async () => {
  await using folder = await temporaryFolder();
  const { given, lines, waits } = options();
  const keys = parseTemplateKeys(makeTemplateKey());
  await using real = await openStore(folder.path("gallery"), { keys });
  const key = { collection: "default", userId: "user1" };
  await real.putUser(key, { name: "User One" });
  await real.addTemplate(key, newTemplate(1));
  let opens = 0, reads = 0;
  const store = withMethods(real, {
    async position() {
      if (++reads <= 2) throw new StoreUnavailable("away");
      return await real.position();
    },
  });
  const gallery = await openGallery({
    ...given,
    open: () =>
      ++opens <= 3 ? Promise.reject(new StoreUnavailable("away")) : Promise.resolve(store),
  });
  assertEquals(gallery.follower.target.count(), { users: 1, templates: 1 });
  assertEquals([opens, reads >= 3, waits.length], [4, true, 5]);
  assertEquals(lines.map(({ msg }) => msg), [
    "the gallery's database is away",
    "the gallery's database answers again",
  ]);
});

Deno.test("the end of the service ends the tries", async () => {
  const { given, stop } = options();
  const open = () => {
    stop.abort(new RangeError("ended"));
    return Promise.reject(new StoreUnavailable("away"));
  };
  await assertRejects(() => openGallery({ ...given, open }), RangeError, "ended");
});

Deno.test("a store that cannot be used ends the start, and is closed", async () => {
  await using folder = await temporaryFolder();
  const { given, waits } = options();
  await assertRejects(
    () => openGallery({ ...given, open: () => Promise.reject(new ConfigError("bad")) }),
    ConfigError,
  );
  const keys = parseTemplateKeys(makeTemplateKey());
  const location = folder.path("gallery");
  const open = async () =>
    withMethods(await openStore(location, { keys }), {
      position: () => Promise.reject(new TypeError("bug")),
    });
  await assertRejects(() => openGallery({ ...given, open }), TypeError);
  assertEquals(waits, []);
  // The folder is free again.
  await using _store = await openStore(location, { keys });
});

Deno.test("a file of template keys that cannot be read is named, and read with a bound", async () => {
  await using folder = await temporaryFolder({ "long": "# comment\n".repeat(100_000) });
  for (const [name, text] of [["none", "TEMPLATE_KEYS_PATH"], ["long", "4096 characters"]]) {
    const error = await assertRejects(() => readTemplateKeys(folder.path(name!)), ConfigError);
    assertStringIncludes(error.message, text!);
  }
});
