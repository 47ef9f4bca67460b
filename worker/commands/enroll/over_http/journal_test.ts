import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { temporaryFolder } from "../../../../tests/support/temporary_folder.ts";
import { type JournalEntry, JournalError, openJournal } from "./journal.ts";

const SERVICE = "https://faces.example.org";
const entry = (n: number, userId = "ada"): JournalEntry => ({
  service: SERVICE,
  key: n % 2 === 0 ? null : "0123456789abcdef",
  userId,
  sha256: n.toString(16).padStart(64, "0"),
  templateId: `template-${n}`,
  model: "ab".repeat(32),
});

Deno.test("a journal remembers the accepted photos of each user and service", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("journal");
  {
    using journal = await openJournal(path);
    assertEquals(journal.of(SERVICE, "ada"), []);
    await Promise.all([entry(1), entry(2), entry(3, "bo\nb")].map((one) => journal.add(one)));
    assertEquals(journal.of(SERVICE, "ada"), [entry(1), entry(2)]);
  }
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  using journal = await openJournal(path);
  assertEquals(journal.of(SERVICE, "ada"), [entry(1), entry(2)]);
  assertEquals(journal.of(SERVICE, "bo\nb"), [entry(3, "bo\nb")]);
  assertEquals(journal.of("https://other.example.org", "ada"), []);
});

Deno.test("a journal that ends anywhere has every complete line, and takes more", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("journal");
  const entries = [entry(1), entry(2), entry(3)];
  {
    using journal = await openJournal(path);
    for (const one of entries) await journal.add(one);
  }
  const whole = await Deno.readFile(path);
  const ends = fc.integer({ min: 0, max: whole.length });
  await fc.assert(
    fc.asyncProperty(ends, async (end) => {
      await Deno.writeFile(path, whole.subarray(0, end));
      const kept = new TextDecoder().decode(whole.subarray(0, end)).split("\n").length - 2;
      for (let time = 0; time < 2; time++) {
        using journal = await openJournal(path);
        const before = journal.of(SERVICE, "ada");
        // A line without its line feed can be complete.
        const known = before.filter(({ templateId }) => templateId !== "template-9");
        assertEquals(known, entries.slice(0, known.length));
        assertEquals(known.length - Math.max(kept, 0) <= 1 && known.length >= kept, true);
        assertEquals(before.length - known.length, time);
        if (time === 0) await journal.add(entry(9));
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("a file that is no journal is refused and stays as it is", async () => {
  await using folder = await temporaryFolder({ photo: "\xff\xd8", other: '{"journal":1}\n' });
  for (const name of ["photo", "other"]) {
    const before = await Deno.readFile(folder.path(name));
    await assertRejects(() => openJournal(folder.path(name)), JournalError, "is not a journal");
    assertEquals(await Deno.readFile(folder.path(name)), before);
  }
  const error = await assertRejects(() => openJournal(folder.path("no/journal")), JournalError);
  assertStringIncludes(error.message, "--journal");
  await assertRejects(() => openJournal(folder.root), JournalError);
});

Deno.test("a journal that is too large is not read", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("journal");
  (await openJournal(path))[Symbol.dispose]();
  await Deno.truncate(path, 64 * 1024 * 1024 + 1);
  await assertRejects(() => openJournal(path), JournalError, "name another file with --journal");
});

Deno.test("a journal is used by one command at a time", async () => {
  await using folder = await temporaryFolder();
  {
    using _journal = await openJournal(folder.path("journal"));
    await assertRejects(() => openJournal(folder.path("journal")), JournalError, "in use");
  }
  using _journal = await openJournal(folder.path("journal"));
});
