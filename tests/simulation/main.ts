/**
 * The command `deno task simulate`: prints the tables of docs/scaling.md and draws its plot. With
 * `--candidate-choice` it prints the figures of docs/adr/0007-candidate-choice.md instead.
 */

import { parseArgs } from "node:util";
import { choiceReport } from "./choice_report.ts";
import { drawScaling } from "./scaling_svg.ts";
import { scalingReport } from "./scaling_report.ts";

const { values } = parseArgs({ options: { "candidate-choice": { type: "boolean" } } });
if (values["candidate-choice"]) {
  console.log(choiceReport());
} else {
  console.log(scalingReport());
  await Deno.writeTextFile(new URL("../../docs/scaling.svg", import.meta.url), drawScaling());
}
