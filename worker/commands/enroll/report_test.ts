import { assertEquals } from "@std/assert";
import type { Enrolment } from "./enroll.ts";
import { reportEnrolment } from "./report.ts";

const QUIET: Enrolment = {
  written: true,
  users: 1,
  templates: 1,
  refused: [],
  alreadyThere: [],
  doubtful: [],
  renamed: [],
  unchanged: [],
  withoutTemplate: [],
};

Deno.test("an enrolment in which all went well is one line", () => {
  assertEquals(reportEnrolment("g.json", [], QUIET), {
    lines: [],
    summary: "g.json: 1 user, 1 template",
    failure: undefined,
  });
});

Deno.test("whatever needs attention has a line", () => {
  const { lines, summary, failure } = reportEnrolment("g.json", [
    { path: "DIR/notes.txt", reason: "not_a_photo" },
    { path: "DIR/alice/lost.jpg", reason: "unreadable" },
  ], {
    ...QUIET,
    users: 3,
    templates: 7,
    refused: [{ path: "DIR/alice/2.jpg", reason: "multiple_faces" }],
    alreadyThere: ["DIR/alice/copy.jpg"],
    doubtful: [
      { photo: "DIR/alice/3.jpg", userId: "alice", like: undefined },
      { photo: "DIR/alice/3.jpg", userId: "alice", like: "bob" },
    ],
    renamed: [{ userId: "alice", before: "Alice Liddell", name: "alice" }],
    unchanged: ["bob"],
  });
  assertEquals(lines, [
    "skipped  DIR/notes.txt  not_a_photo",
    "refused  DIR/alice/lost.jpg  unreadable",
    "refused  DIR/alice/2.jpg  multiple_faces",
    "skipped  DIR/alice/copy.jpg  already there",
    "check    DIR/alice/3.jpg  unlike the other photos of alice",
    "check    DIR/alice/3.jpg  much like bob",
    'renamed  alice  "Alice Liddell" is now "alice"',
    "kept     bob  the earlier templates, as no photo was accepted",
  ]);
  assertEquals(summary, "g.json: 3 users, 7 templates; 2 photos refused");
  assertEquals(failure, undefined);
});

Deno.test("those who have no template are named", () => {
  const { failure } = reportEnrolment("g.json", [], { ...QUIET, withoutTemplate: ["bob", "eve"] });
  assertEquals(failure, "No photo was accepted of bob, eve: no template");
});

Deno.test("a gallery that was never written is not counted", () => {
  const nothing: Enrolment = {
    ...QUIET,
    written: false,
    users: 0,
    templates: 0,
    refused: [{ path: "1.jpg", reason: "no_face" }],
  };
  assertEquals(
    reportEnrolment("g.json", [], nothing).summary,
    "g.json: not written, as no photo was accepted; 1 photo refused",
  );
});

Deno.test("control characters of a file's name do not reach the terminal", () => {
  const { lines } = reportEnrolment("g.json", [], {
    ...QUIET,
    refused: [{ path: "a\u001b[2J\n.jpg", reason: "no_face" }],
  });
  assertEquals(lines, ["refused  a?[2J?.jpg  no_face"]);
});
