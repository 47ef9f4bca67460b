import { assertEquals } from "@std/assert";
import { parse } from "yaml";
import project from "../deno.json" with { type: "json" };

Deno.test("the chart installs the images that this version builds", async () => {
  const chart = parse(await Deno.readTextFile("charts/face-it/Chart.yaml"));
  assertEquals(chart.appVersion, project.version);
});
