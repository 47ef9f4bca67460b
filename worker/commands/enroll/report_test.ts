import { assertEquals, assertStringIncludes } from "@std/assert";
import type { RefusedPhoto } from "../embed_photos.ts";
import type { Enrolment } from "./enroll.ts";
import { reportEnrolment } from "./report.ts";

const QUIET: Enrolment = {
  written: true,
  withoutModel: false,
  users: 1,
  templates: 1,
  refused: [],
  alreadyEnrolled: [],
  lookalikes: [],
  doubtful: [],
  renamed: [],
  unchanged: [],
  withoutTemplate: [],
};

Deno.test("a report is one line when nothing needs attention", () => {
  assertEquals(reportEnrolment("g.json", [], QUIET), {
    lines: [],
    summary: "g.json: 1 user, 1 template",
    failure: undefined,
  });
});

Deno.test("everything that needs attention has a line", () => {
  const { lines, summary, failure } = reportEnrolment("g.json", [
    { path: "DIR/notes.txt", reason: "not_a_photo" },
    { path: "DIR/alice/lost.jpg", reason: "unreadable" },
    { path: "DIR/alice/phone.jpg", reason: "HEIC photo: convert it to JPEG" },
  ], {
    ...QUIET,
    users: 3,
    templates: 7,
    refused: [{ path: "DIR/alice/2.jpg", reason: "multiple_faces" }],
    alreadyEnrolled: ["DIR/alice/copy.jpg"],
    doubtful: [
      { photo: "DIR/alice/3.jpg", userId: "alice", resembles: "bob" },
    ],
    renamed: [{ userId: "alice", before: "Alice Liddell", name: "alice" }],
    unchanged: ["bob"],
    withoutModel: true,
  });
  assertEquals(lines, [
    "skipped  DIR/notes.txt  not_a_photo",
    "refused  DIR/alice/lost.jpg  unreadable",
    "refused  DIR/alice/phone.jpg  HEIC photo: convert it to JPEG",
    "refused  DIR/alice/2.jpg  multiple_faces",
    "skipped  DIR/alice/copy.jpg  already enrolled",
    "check    DIR/alice/3.jpg  looks like bob",
    'renamed  alice  "Alice Liddell" is now "alice"',
    "kept     bob  the existing templates, because no photo was accepted",
    "check    g.json  does not name its model: see docs/configuration.md",
  ]);
  assertEquals(summary, "g.json: 3 users, 7 templates; 3 photos refused");
  assertEquals(failure, undefined);
});

Deno.test("the report names the users without a template", () => {
  const { failure } = reportEnrolment("g.json", [], { ...QUIET, withoutTemplate: ["bob", "eve"] });
  assertEquals(failure, "No template, because no photo was accepted: bob, eve");
});

Deno.test("photos that strangers could match are a failure; other refused photos are not", () => {
  const failureOf = (...reasons: RefusedPhoto["reason"][]) => {
    const refused = reasons.map((reason, i) => ({ path: `${i}.jpg`, reason }));
    return reportEnrolment("g.json", [], { ...QUIET, refused }).failure;
  };
  assertEquals(failureOf("no_face", "multiple_faces", "unreadable", "invalid_image"), undefined);
  for (const reason of ["face_not_upright", "face_unclear", "not_the_same_person"] as const) {
    assertStringIncludes(failureOf(reason, "no_face")!, "1 photo refused because");
  }
  const { failure } = reportEnrolment("g.json", [], {
    ...QUIET,
    refused: [{ path: "1.jpg", reason: "face_unclear" }],
    withoutTemplate: ["bob"],
  });
  assertStringIncludes(
    failure!,
    "No template, because no photo was accepted: bob. 1 photo refused",
  );
});

Deno.test("photos that match another user are refused, and the failure says what to do", () => {
  const { lines, summary, failure } = reportEnrolment("g.json", [], {
    ...QUIET,
    lookalikes: [{ photo: "1.jpg", userId: "alice", resembles: "bob" }],
  });
  assertEquals(lines, ["refused  1.jpg  matches bob"]);
  assertEquals(summary, "g.json: 1 user, 1 template; 1 photo refused");
  assertEquals(
    failure,
    "1 photo refused because of a match with another user: remove the wrong ones, or use " +
      "--allow-lookalikes",
  );
});

Deno.test("the report has no counts when the gallery does not exist", () => {
  const nothing: Enrolment = {
    ...QUIET,
    written: false,
    users: 0,
    templates: 0,
    refused: [{ path: "1.jpg", reason: "no_face" }],
  };
  assertEquals(
    reportEnrolment("g.json", [], nothing).summary,
    "g.json: not written, because no photo was accepted; 1 photo refused",
  );
});

Deno.test("control characters in a file name do not reach the terminal", () => {
  const { lines } = reportEnrolment("g.json", [], {
    ...QUIET,
    refused: [{ path: "a\u001b[2J\n.jpg", reason: "no_face" }],
  });
  assertEquals(lines, ["refused  a\\u{1b}[2J\\u{a}.jpg  no_face"]);
});
