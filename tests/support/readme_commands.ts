/** Reads the commands of the README and of the pages that a beginner reads after it. */

import { join } from "node:path";
import { ROOT } from "./checkout.ts";

/** Pages whose commands need no cluster, in the order in which a beginner reads them. */
const LAPTOP_PAGES = ["README.md", "docs/http.md", "docs/enrolment.md"];
/** Page whose commands need a cluster. */
const KUBERNETES_PAGE = "docs/kubernetes.md";

/** Commands of the pages. Tests run them as they are written. */
export interface ReadmeCommands {
  /** Commands that need no cluster. */
  readonly laptop: string[];
  /** Commands that need a cluster. */
  readonly kubernetes: string[];
  /** JSON blocks of the README: the answers that the commands print. */
  readonly answers: string[];
}

/** Reads the pages of this checkout. */
export async function readmeCommands(): Promise<ReadmeCommands> {
  const laptop = (await Promise.all(LAPTOP_PAGES.map(readPage))).join("\n");
  return {
    laptop: bashCommands(laptop),
    kubernetes: bashCommands(await readPage(KUBERNETES_PAGE)),
    answers: jsonBlocks(await readPage("README.md")),
  };
}

/** Returns the commands below one heading of a page, up to the next heading. */
export async function sectionCommands(page: string, heading: string): Promise<string[]> {
  const [, section] = `${await readPage(page)}\n#`.split(`\n${heading}\n`);
  if (section === undefined) throw new Error(`${page} has no heading "${heading}"`);
  return bashCommands(section.slice(0, section.search(/^#{1,6} /m)));
}

/** Returns the commands of all bash blocks. A backslash joins a line with the next line. */
export function bashCommands(markdown: string): string[] {
  return codeBlocks(markdown, "bash")
    .flatMap((block) => block.replaceAll("\\\n", "").split("\n"))
    .filter((line) => !/^(#|$)/.test(line));
}

/** Returns the text of all JSON blocks. */
export function jsonBlocks(markdown: string): string[] {
  return codeBlocks(markdown, "json").map((block) => block.trim());
}

function readPage(path: string): Promise<string> {
  return Deno.readTextFile(join(ROOT, path));
}

/** Returns the text of all code blocks in a language, also of those in lists, without indentation. */
export function codeBlocks(markdown: string, language: string): string[] {
  const fence = "\`\`\`";
  return [...markdown.matchAll(new RegExp(`^( *)${fence}${language}\\n(.*?)^\\1${fence}`, "gms"))]
    .map(([, indentation, block]) => block!.replaceAll(new RegExp(`^${indentation}`, "gm"), ""));
}
