import { assertEquals, assertRejects } from "@std/assert";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { listPhotoFolder, personName, PhotoFolderError } from "./photo_folder.ts";

const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1);
const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13);
const WEBP = new TextEncoder().encode("RIFF\0\0\0\0WEBPVP8 ");
const TEXT = new TextEncoder().encode("a note");

Deno.test("people and their photos are listed in the order of their paths", async () => {
  await using folder = await temporaryFolder({
    "bob/2.jpg": JPEG,
    "bob/10.png": PNG,
    "alice/a.webp": WEBP,
    "Zoe/a.jpg": JPEG,
  });
  assertEquals(await listPhotoFolder(folder.root), {
    people: [
      { person: "Zoe", photos: [`${folder.root}/Zoe/a.jpg`] },
      { person: "alice", photos: [`${folder.root}/alice/a.webp`] },
      { person: "bob", photos: [`${folder.root}/bob/10.png`, `${folder.root}/bob/2.jpg`] },
    ],
    skipped: [],
  });
});

Deno.test("a photo is recognised by its first bytes, not by its name", async () => {
  await using folder = await temporaryFolder({
    "alice/no_extension": JPEG,
    "alice/note.jpg": TEXT,
    "alice/empty.png": new Uint8Array(),
    "readme.txt": TEXT,
  });
  await Deno.mkdir(folder.path("alice/more"));
  assertEquals(await listPhotoFolder(folder.root), {
    people: [{ person: "alice", photos: [`${folder.root}/alice/no_extension`] }],
    skipped: [
      { path: `${folder.root}/alice/empty.png`, reason: "not_a_photo" },
      { path: `${folder.root}/alice/more`, reason: "not_a_photo" },
      { path: `${folder.root}/alice/note.jpg`, reason: "not_a_photo" },
      { path: `${folder.root}/readme.txt`, reason: "not_a_photo" },
    ],
  });
});

Deno.test("a photo in another format is skipped with its format, whatever its name", async () => {
  const heic = new TextEncoder().encode("\0\0\0\x18ftypheic\0\0\0\0mif1heic");
  await using folder = await temporaryFolder({ "alice/1.HEIC": heic, "alice/2.jpg": heic });
  assertEquals(
    (await listPhotoFolder(folder.root)).skipped.map(({ reason }) => reason),
    ["HEIC photo: convert it to JPEG", "HEIC photo: convert it to JPEG"],
  );
});

Deno.test("the name of a person is in NFC, also when the folder's name is not", async () => {
  await using folder = await temporaryFolder({ "Rene\u0301/a.jpg": JPEG });
  const { people } = await listPhotoFolder(folder.root);
  assertEquals(people.map(({ person }) => person), ["Ren\u00e9"]);
  assertEquals((await Deno.readFile(people[0]!.photos[0]!)).length, JPEG.length);
});

Deno.test("two folders with spellings of the same name are an error that has both", async () => {
  await using folder = await temporaryFolder({ "Rene\u0301/a.jpg": JPEG, "Bob/a.jpg": JPEG });
  await Deno.mkdir(folder.path("Ren\u00e9")).catch(() => {});
  const names = await Array.fromAsync(Deno.readDir(folder.root));
  // Some file systems, such as that of macOS, do not have both folders.
  if (names.length < 3) return;
  await assertRejects(
    () => listPhotoFolder(folder.root),
    PhotoFolderError,
    'two folders "Rene\\u0301" and "Ren\\u00e9"',
  );
});

Deno.test("names that begin with a dot are ignored", async () => {
  await using folder = await temporaryFolder({
    ".DS_Store": TEXT,
    ".git/a.jpg": JPEG,
    "alice/.hidden.jpg": JPEG,
    "alice/a.jpg": JPEG,
  });
  assertEquals(await listPhotoFolder(folder.root), {
    people: [{ person: "alice", photos: [`${folder.root}/alice/a.jpg`] }],
    skipped: [],
  });
});

Deno.test("a person without photos is listed", async () => {
  await using folder = await temporaryFolder({});
  await Deno.mkdir(folder.path("alice"));
  const { people } = await listPhotoFolder(folder.root);
  assertEquals(people, [{ person: "alice", photos: [] }]);
});

Deno.test("links to folders and photos are followed; a broken link is unreadable", async () => {
  await using folder = await temporaryFolder({ "people/bob/b.jpg": JPEG, "store/a.jpg": JPEG });
  const people = folder.path("people");
  await Deno.symlink(folder.path("store"), `${people}/alice`);
  await Deno.symlink(folder.path("store/a.jpg"), `${people}/bob/a.jpg`);
  await Deno.symlink(folder.path("nowhere"), `${people}/bob/c.jpg`);
  assertEquals(await listPhotoFolder(people), {
    people: [
      { person: "alice", photos: [`${people}/alice/a.jpg`] },
      { person: "bob", photos: [`${people}/bob/a.jpg`, `${people}/bob/b.jpg`] },
    ],
    skipped: [{ path: `${people}/bob/c.jpg`, reason: "unreadable" }],
  });
});

Deno.test("a missing folder, an empty folder and a file are errors that name the path", async () => {
  await using folder = await temporaryFolder({ "a.jpg": JPEG });
  const refuses = (path: string, message: string) =>
    assertRejects(() => listPhotoFolder(path), PhotoFolderError, message);
  await refuses(`${folder.root}/none`, `The folder ${folder.root}/none does not exist`);
  await refuses(`${folder.root}/a.jpg`, `The folder ${folder.root}/a.jpg is not a folder`);
  await refuses(folder.root, `The folder ${folder.root} contains no people`);
});

Deno.test("the name of a person is the name of the folder, with spaces instead of underscores", () => {
  assertEquals(personName("Ada_Lovelace_King"), "Ada Lovelace King");
});
