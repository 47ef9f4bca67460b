import { assertEquals } from "@std/assert";
import { readModelsOptions } from "./options.ts";

Deno.test("every option of deno task models can be missing", () => {
  const none = { folder: undefined, recognition: undefined, wheel: undefined, liveness: false };
  assertEquals(readModelsOptions([]), none);
  assertEquals(readModelsOptions(["--recognition", "sface"]), { ...none, recognition: "sface" });
  assertEquals(
    readModelsOptions(["DIR", "--recognition=small", "--wheel", "a.whl", "--liveness"]),
    {
      folder: "DIR",
      recognition: "small",
      wheel: "a.whl",
      liveness: true,
    },
  );
});

Deno.test("an unknown model, an unknown option and a second folder are refused", () => {
  for (
    const args of [
      ["--recognition", "large"],
      ["--recognition"],
      ["--recognition", ""],
      ["--model", "sface"],
      ["a", "b"],
    ]
  ) {
    assertEquals(readModelsOptions(args), undefined);
  }
});
