import { assert, assertEquals, assertMatch } from "@std/assert";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { temporaryFolder } from "../../../tests/support/temporary_folder.ts";
import { readExclusions } from "../exclusions.ts";
import { strangerCosines } from "../strangers/stranger_cosines.ts";
import { findSamePeople, findStrangePhotos } from "./find_suspects.ts";
import { formatSuspects } from "./suspects_report.ts";

/** 200 people with three photos each. Two photos of one person have a cosine of about 0.72. */
const PEOPLE = randomPeople(200, 3, 80, 0.85);

/** The same people, but person 0 has one photo under another name, and two have a wrong photo. */
function withWrongNames(): Float32Array[][] {
  const people = PEOPLE.map((photos) => [...photos]);
  people.push([people[0]!.pop()!]);
  [people[1]![0], people[2]![1]] = [people[2]![1]!, people[1]![0]!];
  return people;
}

Deno.test("among right names, hardly any pair of people and no photo is suspected", () => {
  const strangers = strangerCosines(PEOPLE);
  assert(findSamePeople(strangers).length <= 3);
  assertEquals(findStrangePhotos(PEOPLE, strangers.histogram), []);
});

Deno.test("a person with two names is found, and the most similar pair comes first", () => {
  const people = withWrongNames();
  const found = findSamePeople(strangerCosines(people));
  assert(found.some(({ a, b }) => a[0] === 0 && b[0] === 200), JSON.stringify(found));
  found.forEach((pair, i) => assert(pair.cosine <= (found[i - 1]?.cosine ?? 1)));
  assertEquals(new Set(found.map(({ a, b }) => `${a[0]} ${b[0]}`)).size, found.length);
});

Deno.test("a photo of somebody else is found, and the other photos of the name are not", () => {
  const people = withWrongNames();
  const found = findStrangePhotos(people, strangerCosines(people).histogram);
  assertEquals(found.map(({ person, embedding }) => [person, embedding]).sort(), [[1, 0], [2, 1]]);
});

Deno.test("of two photos that are unlike each other, both are listed; one photo is never listed", () => {
  const people = [[PEOPLE[0]![0]!, PEOPLE[1]![0]!], [PEOPLE[2]![0]!], ...PEOPLE.slice(3)];
  const found = findStrangePhotos(people, strangerCosines(people).histogram);
  assertEquals(found.map(({ person, embedding }) => [person, embedding]).sort(), [[0, 0], [0, 1]]);
});

Deno.test("names are suspected even when they spoil the calibration", () => {
  const people = PEOPLE.flatMap(([first, ...others]) => [[first!], others]);
  const found = findSamePeople(strangerCosines(people));
  const right = found.filter(({ a, b }) => a[0] % 2 === 0 && b[0] === a[0] + 1).length;
  assert(right > 150, `${right} of 200`);
});

Deno.test("the report is a file of exclusions that leaves out what it lists", async () => {
  const embeddings = withWrongNames();
  const people = embeddings.map((photos, i) => ({
    person: `Person_${i}`,
    photos: photos.map((_, photo) => `DIR/Person_${i}/${photo}.jpg`),
  }));
  const strangers = strangerCosines(embeddings);
  const report = formatSuspects(people, embeddings, strangers);
  assertMatch(report, /^Person_0 = Person_200$/m);
  assertMatch(report, /^Person_1\/0\.jpg$/m);
  await using folder = await temporaryFolder();
  const read = await readExclusions(await folder.write("exclude.txt", report), people);
  assertEquals(read.excludedPairs.length, findSamePeople(strangers).length);
  assertEquals(read.people[1]!.photos, ["DIR/Person_1/1.jpg", "DIR/Person_1/2.jpg"]);
});

Deno.test("a name with a line feed does not begin a new line of the report", () => {
  const embeddings = withWrongNames();
  const people = embeddings.map((photos, i) => ({
    person: `Person\n${i}`,
    photos: photos.map((_, photo) => `DIR/Person\n${i}/${photo}.jpg`),
  }));
  const report = formatSuspects(people, embeddings, strangerCosines(embeddings));
  assertMatch(report, /^Person\\u\{a\}0 = Person\\u\{a\}200$/m);
  assertMatch(report, /^Person\\u\{a\}1\/0\.jpg$/m);
});

Deno.test("the report says when no name looks wrong", () => {
  const people = randomPeople(120, 1, 80, 0);
  const strangers = strangerCosines(people);
  const names = people.map((_, i) => ({ person: `${i}`, photos: [`${i}/1.jpg`] }));
  const few = { ...strangers, top: strangerCosines([]).top };
  assertMatch(formatSuspects(names, people, few), /No name of a photo looks wrong/);
});
