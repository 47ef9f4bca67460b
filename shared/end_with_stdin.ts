/** Ends a process together with the process that has started it. */

/**
 * Exits immediately when standard input ends: the process that started this one has ended. Ctrl-C
 * sends SIGINT to the whole process group. It is ignored, because the process that started this one
 * decides when this one ends.
 */
export async function endWithStdin(): Promise<never> {
  for (const signal of ["SIGINT", "SIGHUP"] as const) Deno.addSignalListener(signal, () => {});
  const buffer = new Uint8Array(64);
  while (await Deno.stdin.read(buffer).catch(() => null) !== null);
  Deno.exit(0);
}
