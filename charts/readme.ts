/** The command `deno task chart-readme`: writes the table of values into the chart's README. */

import { insertTable, readValues, valuesTable } from "./values_table.ts";

const readme = "charts/face-it/README.md";
const values = await Deno.readTextFile("charts/face-it/values.yaml");
const text = await Deno.readTextFile(readme);
await Deno.writeTextFile(readme, insertTable(text, valuesTable(readValues(values))));
