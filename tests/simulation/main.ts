/** The command `deno task simulate`: prints the tables of docs/scaling.md and draws its plot. */

import { drawScaling } from "./scaling_svg.ts";
import { report } from "./report.ts";

console.log(report());
await Deno.writeTextFile(new URL("../../docs/scaling.svg", import.meta.url), drawScaling());
