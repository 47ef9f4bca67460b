import { assertEquals, assertRejects } from "@std/assert";
import { findEngine } from "./engine.ts";

Deno.test("images are built by docker where it works", async () => {
  assertEquals((await findEngine(() => Promise.resolve(true))).name, "docker");
});

Deno.test("a docker that does not work is passed over", async () => {
  const engine = await findEngine((program) => Promise.resolve(program === "buildah"));
  assertEquals(engine.name, "buildah");
});

Deno.test("without a program that builds images there is no guess", async () => {
  await assertRejects(() => findEngine(() => Promise.resolve(false)), Error, "Neither docker");
});
