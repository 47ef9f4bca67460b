import { assertEquals } from "@std/assert";
import type { PersonResult, PhotoResult } from "./enrol_person.ts";
import { reportServiceEnrolment } from "./report.ts";

const ORIGIN = "https://faces.example.org";

const person = (
  userId: string,
  photos: readonly [PhotoResult["outcome"], string?][],
  rest: Partial<PersonResult> = {},
): PersonResult => ({
  userId,
  photos: photos.map(([outcome, reason = ""], i) => ({ path: `${userId}/${i}`, outcome, reason })),
  hasTemplate: true,
  keptName: undefined,
  ...rest,
});

Deno.test("a good enrolment has one line", () => {
  assertEquals(reportServiceEnrolment(ORIGIN, [], [person("ada", [["new"], ["known"]])]), {
    lines: [],
    summary: `${ORIGIN}: 1 user, 1 new template, 1 photo enrolled before`,
    failure: undefined,
  });
});

Deno.test("refused photos are listed user by user, and users without a template at the end", () => {
  const report = reportServiceEnrolment(
    ORIGIN,
    [{ path: "a.txt", reason: "not_a_photo" }, { path: "b", reason: "unreadable" }],
    [
      person("ada", [["new"], ["refused", "no_face: No face was found"]], { keptName: "A" }),
      person("bo\nb", [["refused", "face_unclear: \u202eThe face"]], { hasTemplate: false }),
      person("eve", [], { hasTemplate: false }),
    ],
  );
  assertEquals(report, {
    lines: [
      "skipped  a.txt  not_a_photo",
      "refused  b  unreadable",
      'kept     ada  the name "A"',
      "refused  ada/1  no_face: No face was found",
      "refused  bo\\u{a}b/0  face_unclear: \\u{202e}The face",
    ],
    summary: `${ORIGIN}: 3 users, 1 new template; 3 photos refused`,
    failure: "No template, because no photo was accepted: bo\\u{a}b, eve",
  });
});

Deno.test("a photo without a decision is a failure, also of a user with templates", () => {
  const { lines, failure } = reportServiceEnrolment(ORIGIN, [], [
    person("ada", [["new"], ["failed", "worker_failed: The worker failed"]]),
  ]);
  assertEquals(lines, ["failed   ada/1  worker_failed: The worker failed"]);
  assertEquals(failure, "1 photo without a decision: run the command again later");
});
