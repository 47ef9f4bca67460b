/** Keeps findings in a file, one line of JSON each, so that two runs can be compared. */

import { z } from "zod";
import type { Finding } from "./budget.ts";

const FindingSchema = z.object({
  what: z.string(),
  measured: z.number(),
  budget: z.number().exactOptional(),
  bound: z.enum(["at most", "at least"]),
  detail: z.string(),
});

/** Error for a file that does not have findings; the one-line message names the file. */
export class FindingsFileError extends Error {
  override readonly name = "FindingsFileError";
}

/** Appends findings to a file, and makes the file when it is missing. */
export async function appendFindings(path: string, findings: readonly Finding[]): Promise<void> {
  const lines = findings.map((finding) => `${JSON.stringify(finding)}\n`);
  await Deno.writeTextFile(path, lines.join(""), { append: true });
}

/**
 * Reads all findings of a file.
 *
 * @throws {FindingsFileError} when the file cannot be read, is empty, or has another line
 */
export async function readFindings(path: string): Promise<Finding[]> {
  const text = await Deno.readTextFile(path).catch((cause) => {
    throw new FindingsFileError(`${path} cannot be read`, { cause });
  });
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (lines.length === 0) throw new FindingsFileError(`${path} has no findings`);
  return lines.map((line, i) => {
    const finding = FindingSchema.safeParse(parseJson(line)).data;
    if (finding === undefined) {
      throw new FindingsFileError(`${path}:${i + 1} is not a finding of "deno task bench --json"`);
    }
    return finding;
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
