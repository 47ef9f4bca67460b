/** The command `deno task simulate`: prints the tables of docs/scaling.md and draws its plot. */

import { drawScaling } from "./simulation/scaling_svg.ts";
import { report } from "./simulation/report.ts";

console.log(report());
await Deno.writeTextFile(new URL("../docs/scaling.svg", import.meta.url), drawScaling());
