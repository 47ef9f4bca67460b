import { assertEquals } from "@std/assert";
import { divideReadme } from "./readme_commands.ts";

Deno.test("the commands of a README are told apart by their section", () => {
  const readme = [
    ...["# it", "```bash", "deno task start", "curl -s \\", "  http://localhost", "```"],
    ...["```json", '{"a": 1}', '{"b": 2}', "```"],
    ...["## Run it on Kubernetes", "```bash", "helm test it", "```", "```json", "{}", "```"],
    ...["## More", "```bash", "deno task test", "```", ""],
  ].join("\n");
  assertEquals(divideReadme(readme), {
    laptop: ["deno task start", "curl -s   http://localhost", "deno task test"],
    kubernetes: ["helm test it"],
    answers: ['{"a": 1}', '{"b": 2}'],
  });
});

Deno.test("the section on Kubernetes may be the last one, or be missing", () => {
  const last = "## On Kubernetes\n```bash\nhelm test it\n```\n";
  assertEquals(divideReadme(last).kubernetes, ["helm test it"]);
  assertEquals(divideReadme("```bash\nls\n```\n"), { laptop: ["ls"], kubernetes: [], answers: [] });
});
