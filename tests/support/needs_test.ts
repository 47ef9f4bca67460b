import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { readRequired } from "./needs.ts";
import { temporaryFolder } from "./temporary_folder.ts";

Deno.test("without FACE_IT_REQUIRE no need is required", () => {
  assertEquals([...readRequired(undefined)], []);
  assertEquals([...readRequired("")], []);
});

Deno.test("FACE_IT_REQUIRE lists the needs that must be met", () => {
  assertEquals([...readRequired("helm, cluster")], ["helm", "cluster"]);
});

Deno.test("FACE_IT_REQUIRE=all requires every need", () => {
  const required: string[] = [...readRequired("all")].sort();
  const all = [
    "chromium",
    "cluster",
    "helm",
    "helm4",
    "images",
    "lfw3",
    "lfw_histograms",
    "linux",
    "memory",
    "mounts",
    "network_policies",
    "node",
    "photos",
    "pip",
    "postgres",
    "schemathesis",
    "strace",
  ];
  assertEquals(required, all);
});

Deno.test("an unknown need is an error, so that a typing mistake cannot skip tests", () => {
  assertThrows(() => readRequired("helm,clutser"), TypeError, '"clutser"');
});

Deno.test("a test whose need is not met is skipped, and the output says what is missing", async () => {
  const { code, output } = await runTwoTests({});
  assertEquals(code, 0, output);
  assertMatch(output, /^first \[needs Chromium, and its path in FACE_IT_CHROMIUM\] .*ignored/m);
  assertEquals(output.match(/^Skipping the tests that need chromium\./gm)?.length, 1, output);
});

Deno.test("a test whose need is not met fails when FACE_IT_REQUIRE names the need", async () => {
  for (const FACE_IT_REQUIRE of ["all", "helm,chromium"]) {
    const { code, output } = await runTwoTests({ FACE_IT_REQUIRE });
    assertEquals(code, 1, output);
    assertStringIncludes(output, "FACE_IT_REQUIRE does not allow skipping this test. It needs");
  }
  assertEquals((await runTwoTests({ FACE_IT_REQUIRE: "helm" })).code, 0);
});

Deno.test("a test whose need is met runs", async () => {
  const { code, output } = await runTwoTests({ FACE_IT_CHROMIUM: Deno.execPath() });
  assertEquals(code, 1, output);
  assertStringIncludes(output, "the body ran");
});

/** Runs two tests that need Chromium. Their bodies fail. */
async function runTwoTests(env: Record<string, string>) {
  const needs = JSON.stringify(import.meta.resolve("./needs.ts"));
  await using folder = await temporaryFolder({
    "some_test.ts": `
      import { needs } from ${needs};
      for (const name of ["first", "second"]) {
        needs("chromium")(name, () => { throw new Error("the body ran"); });
      }
    `,
  });
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-config", "--no-check", "--allow-all", folder.path("some_test.ts")],
    env: { FACE_IT_CHROMIUM: "", FACE_IT_REQUIRE: "", NO_COLOR: "1", ...env },
  }).output();
  return { code, output: [stdout, stderr].map((part) => new TextDecoder().decode(part)).join("") };
}
