import { assertEquals, assertRejects } from "@std/assert";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { ExclusionError, pairName, photoName, readExclusions } from "./exclusions.ts";

const PEOPLE = [
  { person: "Ann", photos: ["DIR/Ann/1.jpg", "DIR/Ann/2.jpg"] },
  { person: "Bo = Cy", photos: ["DIR/Bo = Cy/1 = 2.jpg"] },
  { person: "Jos\u00e9", photos: ["DIR/Jos\u00e9/e\u0301.jpg"] },
  { person: "Dee", photos: ["DIR/Dee/1.jpg"] },
];

async function read(text: string | Uint8Array) {
  await using folder = await temporaryFolder();
  return await readExclusions(await folder.write("exclude.txt", text), PEOPLE);
}

const photosLeft = async (text: string) =>
  (await read(text)).people.map(({ photos }) => photos.length);

Deno.test("photos, people and pairs of people are left out", async () => {
  const { people, excludedPairs } = await read("# a comment\n\nAnn/2.jpg\r\n Dee \nAnn = Dee\n");
  assertEquals(people.map(({ person }) => person), PEOPLE.map(({ person }) => person));
  assertEquals(people.map(({ photos }) => photos), [
    ["DIR/Ann/1.jpg"],
    PEOPLE[1]!.photos,
    PEOPLE[2]!.photos,
    [],
  ]);
  assertEquals(excludedPairs, [[0, 3]]);
});

Deno.test("an empty file leaves out nothing", async () => {
  assertEquals(await read(""), { people: PEOPLE, excludedPairs: [] });
});

Deno.test("names may contain the text between two names, and have any Unicode form", async () => {
  assertEquals(await photosLeft("Bo = Cy"), [2, 0, 1, 1]);
  assertEquals(await photosLeft("Bo = Cy/1 = 2.jpg"), [2, 0, 1, 1]);
  assertEquals((await read("Bo = Cy = Dee\nAnn = Bo = Cy")).excludedPairs, [[1, 3], [0, 1]]);
  assertEquals(await photosLeft("Jose\u0301/\u00e9.jpg"), [2, 1, 0, 1]);
});

Deno.test("the names that a report prints are lines of the file", async () => {
  for (const { person, photos } of PEOPLE) {
    const { people } = await read(photos.map((photo) => photoName(person, photo)).join("\n"));
    assertEquals(people.find((other) => other.person === person)!.photos, []);
  }
  assertEquals((await read(pairName("Bo = Cy", "Jos\u00e9"))).excludedPairs, [[1, 2]]);
});

Deno.test("an unknown name is refused, and the error has the file and the line", async () => {
  for (const line of ["Eve", "Ann/3.jpg", "Ann = Eve", "Ann = Ann", "ann", "DIR/Ann/1.jpg", "/"]) {
    const { message } = await assertRejects(() => read(`Ann/1.jpg\n${line}\n`), ExclusionError);
    assertEquals(/exclude\.txt, line 2: ".*" is neither a photo/.test(message), true, message);
  }
  const { message } = await assertRejects(() => read("\x1b[2J".repeat(1_000)), ExclusionError);
  assertEquals(message.includes("\x1b"), false);
  assertEquals(message.length < 3_000, true);
});

Deno.test("a file that is missing, too large, no text or no file is refused", async () => {
  await assertRejects(() => read("\n".repeat((1 << 20) + 1)), ExclusionError, "more than 1048576");
  await assertRejects(() => read(new Uint8Array([0xff, 0xfe])), ExclusionError, "not a UTF-8 text");
  await using folder = await temporaryFolder();
  const missing = folder.path("missing.txt");
  await assertRejects(() => readExclusions(missing, PEOPLE), ExclusionError, "cannot be read");
  await assertRejects(() => readExclusions(folder.root, PEOPLE), ExclusionError, "is not a file");
});
