/** Runs other programs in tests. */

/** Result of a program that has ended. */
export interface Outcome {
  /** True when the program ended with exit code 0. */
  readonly ok: boolean;
  /** Standard output, or standard error when the program failed. */
  readonly text: string;
}

/** Runs a program to its end, with `input` as its standard input. */
export async function runProgram(
  program: string,
  args: readonly string[],
  input = "",
): Promise<Outcome> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  return { ok: success, text: new TextDecoder().decode(success ? stdout : stderr) };
}

/** Returns true when a program exists and ends with exit code 0. Waits for its end. */
export function succeeds(program: string, ...args: string[]): boolean {
  try {
    const command = new Deno.Command(program, { args, stdout: "null", stderr: "null" });
    return command.outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
