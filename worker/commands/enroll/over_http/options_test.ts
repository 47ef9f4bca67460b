import { assert, assertEquals } from "@std/assert";
import { asksForService, ENROLL_TO_HELP, readEnrollToOptions } from "./options.ts";

const read = (line: string) => readEnrollToOptions(line.split(" "));
const URL_TEXT = "http://localhost:8080";

Deno.test("--to URL asks for a service", () => {
  for (const line of ["--to URL", "--from DIR --to=URL", "--to"]) {
    assert(asksForService(line.split(" ")), line);
  }
  for (const line of ["--from to", "--gallery g.json --from DIR", "-- to"]) {
    assert(!asksForService(line.split(" ")), line);
  }
});

Deno.test("the people of a folder are sent, with a journal in the folder", () => {
  assertEquals(read(`--to ${URL_TEXT} --from DIR`), {
    url: new URL(URL_TEXT),
    keyFile: undefined,
    journal: "DIR/.face-it-enrolled",
    allowLookalikes: false,
    source: { from: "DIR" },
  });
  assertEquals(
    read(
      "--to http://10.0.0.1 --allow-unencrypted --key-file - --journal J --from DIR " +
        "--allow-lookalikes",
    ),
    {
      url: new URL("http://10.0.0.1"),
      keyFile: "-",
      journal: "J",
      allowLookalikes: true,
      source: { from: "DIR" },
    },
  );
});

Deno.test("one person is sent, each photo once and without a journal", () => {
  assertEquals(read(`--user-id Rene\u0301 --name Bob 1.jpg 2.jpg 1.jpg --to ${URL_TEXT}`), {
    url: new URL(URL_TEXT),
    keyFile: undefined,
    journal: undefined,
    allowLookalikes: false,
    source: { person: { userId: "Ren\u00e9", name: "Bob", photos: ["1.jpg", "2.jpg"] } },
  });
});

Deno.test("a wrong command line gives a sentence that says what is wrong", () => {
  const cases: Record<string, string> = {
    "--user-id bob": "--user-id ID needs at least one PHOTO",
    "--user-id .. 1.jpg": 'The user_id ".." cannot be sent over HTTP',
    "--user-id= 1.jpg": "The user_id is empty",
    "--user-id bob --name= 1.jpg": "The name is empty",
    "--from DIR 1.jpg": "--from DIR cannot be used with --user-id, --name or PHOTO",
    "--from=": "--from DIR is empty",
    "--from DIR --gallery g.json": "--gallery cannot be used with --to URL",
    "--from DIR --compact": "--compact cannot be used with --to URL",
    "--from DIR --allow-unclear": "--allow-unclear cannot be used with --to URL",
    "--from DIR --key-file=": "--key-file FILE is empty",
    "--from DIR --journal=": "--journal FILE is empty",
    "--from DIR --key fi_1_a": "Unknown option '--key'",
  };
  for (const [line, wrong] of Object.entries(cases)) {
    assertEquals(read(`--to ${URL_TEXT} ${line}`), { wrong }, line);
  }
  assertEquals(read(`--to ${URL_TEXT}`), { wrong: "--from DIR or --user-id ID is missing" });
});

Deno.test("--help overrides all other options, and its lines have at most 100 characters", () => {
  assertEquals(read("--to= --help"), "help");
  for (const line of ENROLL_TO_HELP.split("\n")) assertEquals(line.length <= 100, true, line);
});
