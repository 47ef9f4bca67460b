import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { normalize } from "../../matching/vector.ts";
import { newTemplate } from "../../tests/support/gallery_store.ts";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { openStore } from "../store/open_store.ts";
import type { GalleryStore, NewUser } from "../store/store.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { isExportFile, readExportFile, writeExportFile } from "./export_file.ts";
import { formatUserLine, parseExportLine } from "./export_lines.ts";
import { importInBatches } from "./import_in_batches.ts";
import { ExportFileError } from "./input_file.ts";

const openIn = (folder: string): Promise<GalleryStore> =>
  openStore(folder, { keys: parseTemplateKeys(makeTemplateKey()) });

const people: readonly NewUser[] = [
  { collection: "a", userId: "ada", name: "Ada", templates: [newTemplate(1), newTemplate(2)] },
  {
    collection: "a",
    userId: "été ∞ \u{1F600}",
    name: '"Zoë" \\',
    consentRef: "consent-1",
    expiresAt: 4_102_444_800_123,
    templates: [newTemplate(3, 512)],
  },
  { collection: "b", userId: "ada", name: "Another Ada", templates: [] },
];

/** Everything of a store that moves: without the random ids of templates. */
async function contentOf(store: GalleryStore): Promise<unknown[]> {
  const users = await Array.fromAsync(store.readUsers());
  return users.map((user) => ({
    ...user,
    templates: user.templates.map(({ templateId: _id, ...template }) => template),
  }));
}

Deno.test("what is exported from a store and imported into another one is the same", async () => {
  await using folder = await temporaryFolder();
  await using from = await openIn(folder.path("from"));
  await importInBatches(from, people);
  const path = folder.path("x.ndjson");
  assertEquals(await writeExportFile(path, from), { users: 3, templates: 3 });
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  assert(await isExportFile({ path }));
  await using to = await openIn(folder.path("to"));
  for (const added of [3, 0]) {
    assertEquals(await importInBatches(to, readExportFile({ path })), added);
    assertEquals(await contentOf(to), await contentOf(from));
  }
});

Deno.test("an export has only the collection that it was asked for", async () => {
  await using folder = await temporaryFolder();
  await using store = await openIn(folder.path("from"));
  await importInBatches(store, people);
  await writeExportFile(folder.path("x"), store, "b");
  const users = await Array.fromAsync(readExportFile({ path: folder.path("x") }));
  assertEquals(users.map(({ name }) => name), ["Another Ada"]);
});

Deno.test("every user survives the form of a line", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 50 })
    .map((text) => text.normalize("NFC").replaceAll(/\p{Cc}/gu, ""))
    .filter((text) => text.trim() !== "" && text.isWellFormed());
  const template = fc.record({
    model: fc.constant("ab".repeat(32)),
    photo: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    embedding: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 64 })
      .map((numbers) => normalize(numbers)),
  }, { noNullPrototype: true });
  const user = fc.record({
    collection: fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,62}$/),
    userId: text,
    name: text,
    consentRef: text,
    expiresAt: fc.integer({ min: 0, max: 4_102_444_800_000 }),
    templates: fc.array(template, { maxLength: 3 }),
  }, { requiredKeys: ["collection", "userId", "name", "templates"], noNullPrototype: true });
  fc.assert(fc.property(user, (user) => {
    const line = formatUserLine(
      {
        ...user,
        templates: user.templates.map((template) => ({ ...template, templateId: "1" })),
      } as Parameters<typeof formatUserLine>[0],
    );
    const parsed = parseExportLine(line);
    assert(parsed.kind === "user");
    assertEquals<unknown>(parsed.user, user);
  }));
});

Deno.test("a file is not overwritten, and a failed export leaves no file", async () => {
  await using folder = await temporaryFolder({ "x": "mine" });
  await using store = await openIn(folder.path("from"));
  await assertRejects(
    () => writeExportFile(folder.path("x"), store),
    ExportFileError,
    "exists already",
  );
  assertEquals(await Deno.readTextFile(folder.path("x")), "mine");
  await assertRejects(
    () => writeExportFile(folder.path("none/x"), store),
    ExportFileError,
    "cannot be written",
  );
  const broken = { ...store, readUsers: () => failing() } as unknown as GalleryStore;
  await assertRejects(() => writeExportFile(folder.path("y"), broken), RangeError, "Broken");
  const names = await Array.fromAsync(Deno.readDir(folder.root), ({ name }) => name);
  assertEquals(names.sort(), ["from", "x"]);
});

// deno-lint-ignore require-yield -- fails before the first user
async function* failing(): AsyncGenerator<never> {
  throw await Promise.resolve(new RangeError("Broken"));
}

Deno.test("a file that ends early, or whose lines are not as expected, is refused", async () => {
  await using folder = await temporaryFolder();
  await using store = await openIn(folder.path("from"));
  await importInBatches(store, people);
  await writeExportFile(folder.path("x"), store);
  const lines = (await Deno.readTextFile(folder.path("x"))).split("\n").slice(0, -1);
  const [first, ada, ...others] = lines as [string, string];
  const last = others.at(-1)!;
  const changed = (from: string | RegExp, to: string) => ada.replace(from, to);
  for (
    const [content, message] of [
      [lines.slice(0, -1), "the file ends early"],
      [[first], "the file ends early"],
      [[first, ada, last], "does not have the users"],
      [[...lines, ada], "line 6: it is after the last line"],
      [[first, first, last], "line 2: it is not as expected"],
      [[ada, last], "line 1: it is not as expected"],
      [['{"face_it_gallery_export":2}'], "does not know this version"],
      [[first, ada.slice(0, 100), last], "line 2: it is not valid JSON"],
      [[first, changed('"a"', '"A!"'), last], "line 2: collection is not as expected"],
      [[first, changed(/"photo_sha256":"../, '"photo_sha256":"'), last], "photo_sha256"],
      [
        [first, changed(/"embedding_base64":"[^"]+"/, '"embedding_base64":"AAAA"'), last],
        "embedding_base64",
      ],
      [[first, changed('"name"', '"names"'), last], "line 2:"],
      [[first, "null", last], "line 2:"],
    ] as const
  ) {
    await Deno.writeTextFile(folder.path("y"), `${content.join("\n")}\n`);
    await assertRejects(
      () => Array.fromAsync(readExportFile({ path: folder.path("y") })),
      ExportFileError,
      message,
    );
  }
  await Deno.writeFile(folder.path("z"), new Uint8Array([0x7b, 0xff, 0xfe, 10]));
  await assertRejects(
    () => Array.fromAsync(readExportFile({ path: folder.path("z") })),
    ExportFileError,
    "not text in UTF-8",
  );
  await assertRejects(
    () => isExportFile({ path: folder.path("none") }),
    ExportFileError,
    "cannot be read",
  );
});
