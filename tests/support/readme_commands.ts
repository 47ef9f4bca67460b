/** Reads the commands of the README, which tests run as they are written. */

import { join } from "node:path";
import { ROOT } from "./checkout.ts";

/** From the heading that names Kubernetes to the next heading, or to the end. */
const KUBERNETES_SECTION = /^## [^\n]*Kubernetes[^\n]*\n.*?(?=^## |$(?!.))/ms;

/** The README, divided by where its commands can run. */
export interface ReadmeCommands {
  /** Commands that need no cluster. */
  readonly laptop: string[];
  /** Commands of the section on Kubernetes. */
  readonly kubernetes: string[];
  /** Lines of the JSON blocks that need no cluster: answers that the commands print. */
  readonly answers: string[];
}

/** Reads the README of this checkout. */
export async function readmeCommands(): Promise<ReadmeCommands> {
  return divideReadme(await Deno.readTextFile(join(ROOT, "README.md")));
}

/** Divides the text of a README. */
export function divideReadme(readme: string): ReadmeCommands {
  const [section] = KUBERNETES_SECTION.exec(readme) ?? [""];
  const rest = readme.replace(section, "");
  return {
    laptop: bashCommands(rest),
    kubernetes: bashCommands(section),
    answers: blocks(rest, "json").flatMap((block) => block.trim().split("\n")),
  };
}

/** Returns the commands of all bash blocks. A line that ends in a backslash includes the next one. */
export function bashCommands(markdown: string): string[] {
  return blocks(markdown, "bash")
    .flatMap((block) => block.replaceAll("\\\n", "").split("\n"))
    .filter((line) => !/^(#|$)/.test(line));
}

function blocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))]
    .map(([, block]) => block!);
}
