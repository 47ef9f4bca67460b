import { assertEquals, assertRejects } from "@std/assert";
import { temporaryFolder } from "../../../tests/support/temporary_folder.ts";
import { ListFileError } from "./list_file.ts";
import { choosePhotos } from "./photo_list.ts";

const PEOPLE = [
  { person: "Ann", photos: ["/photos/Ann/1.jpg", "/photos/Ann/2.jpg"] },
  { person: "Bob Cox", photos: ["/photos/Bob Cox/1.jpg"] },
  { person: "Zoë", photos: ["/photos/Zoe\u0308/1.jpg", "/photos/Zoe\u0308/2.jpg"] },
];

async function choose(text: string) {
  await using folder = await temporaryFolder();
  return await choosePhotos(await folder.write("photos.txt", text), "/photos", PEOPLE);
}

Deno.test("only the photos in the list are measured, and only their people", async () => {
  assertEquals(await choose("Zoë/2.jpg\r\n\nAnn/1.jpg\n"), [
    { person: "Ann", photos: ["/photos/Ann/1.jpg"] },
    { person: "Zoë", photos: ["/photos/Zoe\u0308/2.jpg"] },
  ]);
});

Deno.test("a list without photos, or with repeated or missing photos, is refused", async () => {
  const cases = [
    ["\n", "is empty"],
    ["Ann/1.jpg\nAnn/1.jpg", 'names "Ann/1.jpg" twice'],
    ["Ann/1.jpg\nAnn/3.jpg\n../x", '2 of the photos in .*not in /photos, such as "Ann/3.jpg"'],
  ] as const;
  for (const [text, message] of cases) {
    const error = await assertRejects(() => choose(text), ListFileError);
    assertEquals(new RegExp(message).test(error.message), true, error.message);
  }
});
