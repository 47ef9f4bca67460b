/** Explains a wrong command line. */

/** Returns the first sentence of an error of `parseArgs`, without its period. */
export function describeArgumentError(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split(/\. |\n/)[0]!;
}
