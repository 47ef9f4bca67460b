import { assertEquals } from "@std/assert";
import { readModelsOptions } from "./options.ts";

Deno.test("every option of deno task models can be missing", () => {
  const none = { folder: undefined, recognition: undefined, wheel: undefined, liveness: false };
  assertEquals(readModelsOptions([]), none);
  assertEquals(readModelsOptions(["--recognition", "sface"]), { ...none, recognition: "sface" });
  assertEquals(
    readModelsOptions(["DIR", "--recognition=sface", "--wheel", "a.whl", "--liveness"]),
    {
      folder: "DIR",
      recognition: "sface",
      wheel: "a.whl",
      liveness: true,
    },
  );
});

Deno.test("a wrong command line is explained", () => {
  const cases = [
    [["--recognition", "large"], "--recognition must be small or sface"],
    [["--recognition", ""], "--recognition must be small or sface"],
    [["--recognition"], "There is an unknown option, or a value is missing"],
    [["--model", "sface"], "There is an unknown option, or a value is missing"],
    [["a", "b"], "Only one FOLDER can be given"],
  ] as const;
  for (const [args, sentence] of cases) assertEquals(readModelsOptions(args), sentence);
});

Deno.test("a wheel without the model that comes in it is refused", () => {
  const sentence = "--wheel FILE has the model SFace: use it with --recognition sface";
  for (const args of [["--wheel", "a.whl"], ["--recognition", "small", "--wheel", "a.whl"]]) {
    assertEquals(readModelsOptions(args), sentence);
  }
});
