import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../../shared/env.ts";
import { createFakeLog } from "../../../shared/fake_log.ts";
import { eventually } from "../../../tests/support/eventually.ts";
import { temporaryFolder } from "../../../tests/support/temporary_folder.ts";
import { FakeDelays } from "../../pool/kubernetes/fake_delays.ts";
import { fakeKey } from "../fake_access.ts";
import type { Scope } from "../scopes.ts";
import { followKeysFile, readKeysFile } from "./follow_keys_file.ts";
import { MAX_KEYS_FILE_BYTES } from "./keys_file.ts";

/** Returns an entry as it stands in a file. */
function entry(...scopes: Scope[]) {
  const { entry } = fakeKey(scopes);
  return { ...entry, sha256: entry.sha256.toHex() };
}

const A = entry("verify"), B = entry("admin");
const file = (...keys: unknown[]): string => JSON.stringify({ keys });

/** Follows what `read` returns. `pass` lets the keys be read once more. */
async function follow(read: () => Promise<string>) {
  const { log, lines } = createFakeLog();
  const delays = new FakeDelays(), stop = new AbortController();
  const keys = await followKeysFile({ read, log, delay: delays.delay }, stop.signal);
  const pass = async () => {
    const waits = delays.asked.length;
    await delays.pass();
    await eventually(() => delays.asked.length > waits, "the keys were read");
  };
  return {
    lines,
    pass,
    keys,
    ids: () => [...keys().keys()],
    [Symbol.dispose]: () => stop.abort(),
  };
}

/** Follows a text that the test changes. undefined: the file is missing. */
async function followText(first: string | undefined) {
  const held = { text: first };
  const followed = await follow(() =>
    held.text === undefined
      ? Promise.reject(new Deno.errors.NotFound("gone"))
      : Promise.resolve(held.text)
  );
  return { ...followed, held };
}

Deno.test("a changed file counts from the next read, and an unchanged one is not logged", async () => {
  using followed = await followText(file(A, B));
  const { held, lines, pass, ids } = followed;
  await pass();
  assertEquals([ids(), lines.length], [[A.id, B.id], 0]);
  held.text = file(B);
  await pass();
  assertEquals([ids(), lines.map(({ level }) => level)], [[B.id], ["info"]]);
  held.text = file();
  await pass();
  assertEquals(ids(), []);
});

Deno.test("while the file is broken or missing, the last good keys stay, and the log says so once", async () => {
  for (const bad of [undefined, "", file(A, B).slice(0, -1), "{}", "\0".repeat(100)]) {
    using followed = await followText(file(A, B));
    const { held, lines, pass, ids } = followed;
    held.text = bad;
    for (let i = 0; i < 3; i++) await pass();
    assertEquals([ids(), lines.map(({ level }) => level)], [[A.id, B.id], ["error"]], bad);
    held.text = file(A);
    await pass();
    assertEquals(ids(), [A.id], bad);
  }
});

Deno.test("a key that is taken out stops working also when another entry is wrong", async () => {
  using followed = await followText(file(A, B));
  const { held, lines, pass, ids, keys } = followed;
  held.text = file({ ...B, scopes: ["everything"] });
  await pass();
  assertEquals([ids(), lines.map(({ level }) => level)], [[B.id], ["error"]]);
  assertEquals(keys().get(B.id)!.scopes, ["admin"]);
  // An entry that is repaired, and a key that comes back, count again.
  held.text = file(A, B);
  await pass();
  assertEquals(ids(), [A.id, B.id]);
});

Deno.test("a key that is narrowed, ended or replaced changes also when another entry is wrong", async () => {
  const C = entry("enrol"), D = entry("audit"), E = entry("admin"), wrong = { id: 1 };
  using followed = await followText(file(B, C, D, E));
  const { held, pass, ids, keys } = followed;
  const narrowed = { ...B, scopes: ["verify"] };
  const ended = { ...C, expires: "2020-01-01T00:00:00Z" };
  const replaced = { ...D, sha256: A.sha256 };
  // A secret that was replaced does not work, although its own entry is wrong.
  const replacedBadly = { ...E, sha256: A.sha256, scopes: [] };
  held.text = file(wrong, narrowed, ended, replaced, replacedBadly, A);
  await pass();
  // A is new. A broken file adds no key.
  assertEquals(ids(), [B.id, C.id, D.id]);
  assertEquals(keys().get(B.id)!.scopes, ["verify"]);
  assertEquals(keys().get(C.id)!.expires, Date.UTC(2020, 0, 1));
  assertEquals(keys().get(D.id)!.sha256.toHex(), A.sha256);
});

Deno.test("a bad file at the start is an error", async () => {
  for (const bad of [undefined, "", "{}", file(A, A)]) {
    await assertRejects(() => followText(bad), ConfigError, "API_KEYS_PATH");
  }
});

Deno.test("a file in a Secret's volume is followed when its link is replaced", async () => {
  await using folder = await temporaryFolder({
    "..1/keys.json": file(A, B),
    "..2/keys.json": file(B),
  });
  await Deno.symlink("..1", folder.path("..data"));
  await Deno.symlink("..data/keys.json", folder.path("keys.json"));
  using followed = await follow(() => readKeysFile(folder.path("keys.json")));
  const { pass, ids } = followed;
  // The kubelet replaces the link ..data, not the link keys.json.
  await Deno.symlink("..2", folder.path("..data_tmp"));
  await Deno.rename(folder.path("..data_tmp"), folder.path("..data"));
  await pass();
  assertEquals(ids(), [B.id]);
  // A file that is written in several steps is broken until the last step.
  await Deno.remove(folder.path("keys.json"));
  const text = file(A);
  for (const length of [0, 1, text.length / 2, text.length - 1]) {
    await Deno.writeTextFile(folder.path("keys.json"), text.slice(0, length));
    await pass();
    assertEquals(ids(), [B.id]);
  }
  await Deno.writeTextFile(folder.path("keys.json"), text);
  await pass();
  assertEquals(ids(), [A.id]);
});

Deno.test("a folder, and a file that is too large, are not read", async () => {
  await using folder = await temporaryFolder({ large: " ".repeat(MAX_KEYS_FILE_BYTES + 1) });
  for (const path of [folder.root, folder.path("large")]) {
    await assertRejects(() => readKeysFile(path), ConfigError, "API_KEYS_PATH");
  }
});
