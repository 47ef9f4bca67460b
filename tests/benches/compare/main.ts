/**
 * The command `deno task bench:compare A B`: compares two files of `deno task bench --json`. Exits
 * with 2 when a file cannot be read.
 */

import { writeTable } from "../../support/markdown_table.ts";
import { FindingsFileError, readFindings } from "../findings_file.ts";
import { cellsOf, compareFindings } from "./compare_findings.ts";

const [before, after, ...others] = Deno.args;
if (before === undefined || after === undefined || others.length > 0) {
  stop("Usage: deno task bench:compare A B");
}
try {
  const compared = compareFindings(await readFindings(before), await readFindings(after));
  console.log(writeTable({
    head: ["what", "A", "B", "B ÷ A", "", "runs"],
    rows: compared.map(cellsOf),
  }));
} catch (error) {
  if (!(error instanceof FindingsFileError)) throw error;
  stop(error.message);
}

function stop(reason: string): never {
  console.error(reason);
  Deno.exit(2);
}
