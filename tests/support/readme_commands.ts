/** The commands of the README, which tests run as they are written. */

const SECTION = /^## On Kubernetes\n.*?(?=^## )/ms;

/** The lines of the README's bash blocks. */
export interface ReadmeCommands {
  /** Those for a machine without a cluster. */
  readonly laptop: string[];
  /** Those of the section on Kubernetes. */
  readonly kubernetes: string[];
}

/** Reads them. */
export async function readmeCommands(): Promise<ReadmeCommands> {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const [section] = SECTION.exec(readme)!;
  return {
    laptop: bashCommands(readme.replace(section, "")),
    kubernetes: bashCommands(section),
  };
}

/** The lines of all bash blocks. One that ends in a backslash goes on in the next. */
export function bashCommands(markdown: string): string[] {
  return [...markdown.matchAll(/^```bash\n(.*?)^```/gms)]
    .flatMap(([, block]) => block!.replaceAll("\\\n", "").trim().split("\n"));
}
