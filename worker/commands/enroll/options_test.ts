import { assertEquals } from "@std/assert";
import { ENROLL_HELP, readEnrollOptions } from "./options.ts";

const read = (line: string) => readEnrollOptions(line === "" ? [] : line.split(" "));

Deno.test("the command enrols the people of a folder, or one person from photos", () => {
  assertEquals(read("--gallery g.json --from DIR"), {
    gallery: "g.json",
    compact: false,
    allowUnclear: false,
    allowLookalikes: false,
    from: "DIR",
  });
  assertEquals(read("--gallery g.json --user-id bob --name Bob 1.jpg 2.jpg"), {
    gallery: "g.json",
    compact: false,
    allowUnclear: false,
    allowLookalikes: false,
    person: { userId: "bob", name: "Bob", photos: ["1.jpg", "2.jpg"] },
  });
  assertEquals(read("1.jpg --user-id=bob --gallery=g.json"), {
    gallery: "g.json",
    compact: false,
    allowUnclear: false,
    allowLookalikes: false,
    person: { userId: "bob", name: undefined, photos: ["1.jpg"] },
  });
});

Deno.test("--user-id may be in any Unicode form", () => {
  const person = { userId: "Ren\u00e9", name: undefined, photos: ["1.jpg"] };
  assertEquals(read("--gallery g.json --user-id Rene\u0301 1.jpg"), {
    gallery: "g.json",
    compact: false,
    allowUnclear: false,
    allowLookalikes: false,
    person,
  });
});

Deno.test("--compact applies to new templates, or to the whole gallery when there are no photos", () => {
  const all = { gallery: "g.json", compact: true, allowUnclear: false, allowLookalikes: false };
  assertEquals(read("--gallery g.json --compact"), all);
  const from = { ...all, from: "DIR" };
  assertEquals(read("--gallery g.json --compact --from DIR"), from);
  const person = { userId: "bob", name: undefined, photos: ["1.jpg"] };
  assertEquals(read("--gallery g.json --compact --user-id bob 1.jpg"), {
    gallery: "g.json",
    compact: true,
    allowUnclear: false,
    allowLookalikes: false,
    person,
  });
});

Deno.test("--allow-unclear and --allow-lookalikes accept photos that are refused otherwise", () => {
  const from = { gallery: "g.json", compact: false, from: "DIR" };
  assertEquals(read("--gallery g.json --allow-unclear --from DIR"), {
    ...from,
    allowUnclear: true,
    allowLookalikes: false,
  });
  assertEquals(read("--gallery g.json --from DIR --allow-lookalikes"), {
    ...from,
    allowUnclear: false,
    allowLookalikes: true,
  });
});

Deno.test("a wrong command line gives a sentence that says what is wrong", () => {
  const cases: Record<string, string> = {
    "": "--gallery FILE is missing",
    "--from DIR": "--gallery FILE is missing",
    "--gallery g.json": "--from DIR or --user-id ID is missing",
    "--gallery g.json --compact 1.jpg": "--from DIR or --user-id ID is missing",
    "--gallery g.json --compact --name Bob": "--from DIR or --user-id ID is missing",
    "--gallery g.json --compact --user-id bob": "--user-id ID needs at least one PHOTO",
    "--gallery g.json 1.jpg": "--from DIR or --user-id ID is missing",
    "--gallery g.json --user-id bob": "--user-id ID needs at least one PHOTO",
    "--gallery g.json --from DIR --user-id bob 1.jpg":
      "--from DIR cannot be used with --user-id, --name or PHOTO",
    "--gallery g.json --from DIR --name Bob":
      "--from DIR cannot be used with --user-id, --name or PHOTO",
    "--gallery g.json --from DIR 1.jpg":
      "--from DIR cannot be used with --user-id, --name or PHOTO",
    "--gallery g.json --from=": "--from DIR is empty",
    "--gallery g.json --user-id= --name Bob 1.jpg": "The user_id is empty",
    "--gallery g.json --user-id bob --name= 1.jpg": "The name is empty",
    "--gallery g.json --form DIR": "Unknown option '--form'",
  };
  for (const [line, wrong] of Object.entries(cases)) assertEquals(read(line), { wrong }, line);
});

Deno.test("--help overrides all other options, and its lines have at most 100 characters", () => {
  assertEquals(read("--help"), "help");
  assertEquals(read("-h --from DIR 1.jpg"), "help");
  for (const line of ENROLL_HELP.split("\n")) assertEquals(line.length <= 100, true, line);
});
