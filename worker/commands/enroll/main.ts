/** Runs the command `deno task enroll`: enrols people into a gallery file or into a service. */

import process from "node:process";
import { printable } from "../printable.ts";
import { ENROLL_HELP, ENROLL_USAGE, readEnrollOptions } from "./options.ts";
import {
  asksForService,
  ENROLL_TO_HELP,
  ENROLL_TO_USAGE,
  readEnrollToOptions,
} from "./over_http/options.ts";
import type { EnrolmentReport } from "./report.ts";

/** The part that both forms of the command have. */
interface Form {
  readonly run: () => Promise<EnrolmentReport>;
  /** Classes of errors for which only the one-line message is printed. */
  readonly expectedErrors: readonly (new (message: string) => Error)[];
}

/** Returns the exit code. */
async function main(args: string[]): Promise<number> {
  const overHttp = asksForService(args);
  // The task may do what either form needs. Nothing else has run yet: from here on, photos that
  // go into a file cannot go elsewhere, and photos that go to a service meet no native code.
  for (const name of overHttp ? ["ffi", "sys"] as const : ["net"] as const) {
    Deno.permissions.revokeSync({ name });
  }
  const form = overHttp ? await readServiceForm(args) : await readFileForm(args);
  if (form === "help") {
    console.log(`${ENROLL_HELP}\n\n${ENROLL_TO_HELP}`);
    return 0;
  }
  if ("wrong" in form) {
    console.error(`${form.wrong}. ${overHttp ? ENROLL_TO_USAGE : ENROLL_USAGE}`);
    return 2;
  }
  try {
    const { lines, summary, failure } = await form.run();
    for (const line of lines) console.error(line);
    console.log(summary);
    if (failure === undefined) return 0;
    console.error(failure);
    return 1;
  } catch (error) {
    if (!form.expectedErrors.some((expected) => error instanceof expected)) throw error;
    console.error(printable((error as Error).message));
    return 1;
  }
}

async function readFileForm(args: string[]): Promise<Form | { wrong: string } | "help"> {
  const options = readEnrollOptions(args);
  if (options === "help" || "wrong" in options) return options;
  const { enrollIntoGalleryFile, EXPECTED_ERRORS } = await import("./into_gallery_file.ts");
  return { run: () => enrollIntoGalleryFile(options), expectedErrors: EXPECTED_ERRORS };
}

async function readServiceForm(args: string[]): Promise<Form | { wrong: string } | "help"> {
  const options = readEnrollToOptions(args);
  if (options === "help" || "wrong" in options) return options;
  const { enrollOverHttp, EXPECTED_ERRORS } = await import("./over_http/main.ts");
  return { run: () => enrollOverHttp(options), expectedErrors: EXPECTED_ERRORS };
}

if (import.meta.main) process.exitCode = await main(Deno.args);
