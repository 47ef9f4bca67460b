/** Waits in tests until a condition holds, without a fixed sleep. */

/**
 * Tries `condition` every 10 ms until it holds.
 *
 * @param what Sentence that describes the condition, for the error; or a function that makes it
 * @throws {Error} when the condition does not hold within `timeoutMs`
 */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string),
  timeoutMs = 60_000,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) {
      const sentence = typeof what === "string" ? what : what();
      throw new Error(`Not true within ${timeoutMs} ms: ${sentence}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
