import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../../shared/env.ts";
import { createFakeLog } from "../../../shared/fake_log.ts";
import { fakeTokenKeys } from "../../../shared/http/fake_token_keys.ts";
import { eventually } from "../../../tests/support/eventually.ts";
import { FakeDelays } from "./fake_delays.ts";
import { followTokenKeys } from "./follow_token_keys.ts";

const { privatePem: OLD, signing: [{ id: OLD_ID }] } = fakeTokenKeys();
const { privatePem: NEW, signing: [{ id: NEW_ID }] } = fakeTokenKeys();
/** A key of the first version. */
const BAD = "o".repeat(32);

/** Follows a file. The test changes its text; an empty text means that the file is missing. */
async function follow(first: string) {
  const file = { text: first };
  const { log, lines } = createFakeLog();
  const delays = new FakeDelays(), stop = new AbortController();
  const keys = await followTokenKeys({
    read: () => file.text === "" ? Promise.reject(new Error("gone")) : Promise.resolve(file.text),
    log,
    delay: delays.delay,
  }, stop.signal);
  const ids = () => keys().map(({ id }) => id);
  /** Ends the wait, and then lets the keys be read until the next wait begins. */
  const pass = async () => {
    const waits = delays.asked.length;
    await delays.pass();
    await eventually(() => delays.asked.length > waits, "the keys were read");
  };
  return { file, lines, pass, ids, stop };
}

Deno.test("new keys are used after the next read, and unchanged keys are not logged", async () => {
  const { file, lines, pass, ids, stop } = await follow(OLD);
  await pass();
  assertEquals(ids(), [OLD_ID]);
  assertEquals(lines, []);
  file.text = `${NEW}\n${OLD}\n`;
  await pass();
  assertEquals(ids(), [NEW_ID, OLD_ID]);
  assertEquals(lines.length, 1);
  stop.abort();
});

Deno.test("while the keys are bad or missing, the last good keys stay in use", async () => {
  const { file, lines, pass, ids, stop } = await follow(OLD);
  for (const bad of [BAD, ""]) {
    file.text = bad;
    await pass();
    assertEquals(ids(), [OLD_ID]);
  }
  assertEquals(lines.map(({ level }) => level), ["error", "error"]);
  file.text = NEW;
  await pass();
  assertEquals(ids(), [NEW_ID]);
  stop.abort();
});

Deno.test("bad keys at the start are an error", async () => {
  await assertRejects(() => follow(BAD), ConfigError);
});
