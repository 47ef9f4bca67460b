import { assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "yaml";
import project from "../deno.json" with { type: "json" };

const SERVICES = ["api", "worker", "gallery"] as const;

Deno.test("the chart installs images with the version of deno.json", async () => {
  const chart = parse(await Deno.readTextFile("charts/face-it/Chart.yaml"));
  assertEquals(chart.appVersion, project.version);
});

Deno.test("the docs and the CI workflow load images with the version of deno.json", async () => {
  const images = SERVICES.map((service) => `face-it/${service}:${project.version}`);
  for (const file of ["docs/kubernetes.md", ".github/workflows/ci.yml"]) {
    const text = await Deno.readTextFile(file);
    assertStringIncludes(text, `kind load docker-image ${images.join(" ")}\n`);
  }
});

Deno.test("deno task image builds images with the version of deno.json", () => {
  for (const service of SERVICES) {
    const { command } = project.tasks[`image:${service}`];
    assertStringIncludes(command, ` -t face-it/${service}:${project.version} `);
  }
});
