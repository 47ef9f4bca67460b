import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { listPhotoFolder, personName, PhotoFolderError } from "./photo_folder.ts";

const JPEG = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1);
const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13);
const WEBP = new TextEncoder().encode("RIFF\0\0\0\0WEBPVP8 ");
const TEXT = new TextEncoder().encode("a note");

Deno.test("people and their photos are listed sorted, by path", async () => {
  await using folder = await temporaryFolder({
    "bob/2.jpg": JPEG,
    "bob/10.png": PNG,
    "alice/a.webp": WEBP,
    "Zoe/a.jpg": JPEG,
  });
  assertEquals(await listPhotoFolder(folder.path), {
    people: [
      { person: "Zoe", photos: [`${folder.path}/Zoe/a.jpg`] },
      { person: "alice", photos: [`${folder.path}/alice/a.webp`] },
      { person: "bob", photos: [`${folder.path}/bob/10.png`, `${folder.path}/bob/2.jpg`] },
    ],
    skipped: [],
  });
});

Deno.test("a photo is known by its first bytes, not by its name", async () => {
  await using folder = await temporaryFolder({
    "alice/no_extension": JPEG,
    "alice/note.jpg": TEXT,
    "alice/empty.png": new Uint8Array(),
    "readme.txt": TEXT,
  });
  await Deno.mkdir(join(folder.path, "alice/more"));
  assertEquals(await listPhotoFolder(folder.path), {
    people: [{ person: "alice", photos: [`${folder.path}/alice/no_extension`] }],
    skipped: [
      { path: `${folder.path}/alice/empty.png`, reason: "not_a_photo" },
      { path: `${folder.path}/alice/more`, reason: "not_a_photo" },
      { path: `${folder.path}/alice/note.jpg`, reason: "not_a_photo" },
      { path: `${folder.path}/readme.txt`, reason: "not_a_photo" },
    ],
  });
});

Deno.test("names that begin with a dot are passed over in silence", async () => {
  await using folder = await temporaryFolder({
    ".DS_Store": TEXT,
    ".git/a.jpg": JPEG,
    "alice/.hidden.jpg": JPEG,
    "alice/a.jpg": JPEG,
  });
  assertEquals(await listPhotoFolder(folder.path), {
    people: [{ person: "alice", photos: [`${folder.path}/alice/a.jpg`] }],
    skipped: [],
  });
});

Deno.test("a person without photos is kept", async () => {
  await using folder = await temporaryFolder({});
  await Deno.mkdir(join(folder.path, "alice"));
  const { people } = await listPhotoFolder(folder.path);
  assertEquals(people, [{ person: "alice", photos: [] }]);
});

Deno.test("links to folders and photos are followed, one that leads nowhere is unreadable", async () => {
  await using folder = await temporaryFolder({ "people/bob/b.jpg": JPEG, "store/a.jpg": JPEG });
  const people = join(folder.path, "people");
  await Deno.symlink(join(folder.path, "store"), join(people, "alice"));
  await Deno.symlink(join(folder.path, "store/a.jpg"), join(people, "bob/a.jpg"));
  await Deno.symlink(join(folder.path, "nowhere"), join(people, "bob/c.jpg"));
  assertEquals(await listPhotoFolder(people), {
    people: [
      { person: "alice", photos: [`${people}/alice/a.jpg`] },
      { person: "bob", photos: [`${people}/bob/a.jpg`, `${people}/bob/b.jpg`] },
    ],
    skipped: [{ path: `${people}/bob/c.jpg`, reason: "unreadable" }],
  });
});

Deno.test("a named pipe among the photos is reported, not waited for", async () => {
  await using folder = await temporaryFolder({ "alice/a.jpg": JPEG });
  const pipe = join(folder.path, "alice/pipe");
  const { success } = await new Deno.Command("mkfifo", { args: [pipe] }).output();
  assertEquals(success, true);
  const { skipped } = await listPhotoFolder(folder.path);
  assertEquals(skipped, [{ path: pipe, reason: "not_a_photo" }]);
});

Deno.test("a folder that is missing, a file or empty is refused by name", async () => {
  await using folder = await temporaryFolder({ "a.jpg": JPEG });
  const refuses = (path: string, message: string) =>
    assertRejects(() => listPhotoFolder(path), PhotoFolderError, message);
  await refuses(`${folder.path}/none`, `The folder ${folder.path}/none does not exist`);
  await refuses(`${folder.path}/a.jpg`, `The folder ${folder.path}/a.jpg is not a folder`);
  await refuses(folder.path, `The folder ${folder.path} holds nobody`);
});

Deno.test("a person is named as the folder, with spaces for underscores", () => {
  assertEquals(personName("Ada_Lovelace_King"), "Ada Lovelace King");
});

interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

async function temporaryFolder(
  files: Readonly<Record<string, Uint8Array>>,
): Promise<TemporaryFolder> {
  const path = await Deno.makeTempDir();
  for (const [name, bytes] of Object.entries(files)) {
    await Deno.mkdir(join(path, name, ".."), { recursive: true });
    await Deno.writeFile(join(path, name), bytes);
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
