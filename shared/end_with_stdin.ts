/** Ends a process together with the process that has started it. */

/** Exits immediately when standard input ends: the process that started this one has ended. */
export async function endWithStdin(): Promise<never> {
  const buffer = new Uint8Array(64);
  while (await Deno.stdin.read(buffer).catch(() => null) !== null);
  Deno.exit(0);
}
