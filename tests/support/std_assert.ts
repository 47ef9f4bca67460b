/**
 * The functions of @std/assert that the tests use. They have the same names, but call node:assert.
 * To use the published package instead, change its line in deno.json.
 */

import assertModule from "node:assert/strict";

/** Fails unless `actual` and `expected` are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  assertModule.deepEqual(actual, expected, message!);
}

/** Fails unless `condition` is truthy. */
export function assert(condition: unknown, message = "Expected a truthy value"): asserts condition {
  assertModule.ok(condition, message);
}

/** Fails unless the two numbers differ by at most `tolerance`. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance = 1e-7,
  message = `Expected ${actual} to be within ${tolerance} of ${expected}`,
): void {
  assertModule.ok(Math.abs(actual - expected) <= tolerance, message);
}

/** Fails unless `actual` matches the pattern. */
export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  assertModule.match(actual, expected, message!);
}

/** Fails unless `actual` contains `expected`. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  message = `Expected ${JSON.stringify(actual)} to include ${JSON.stringify(expected)}`,
): void {
  assertModule.ok(actual.includes(expected), message);
}

// deno-lint-ignore no-explicit-any -- a constructor may have any parameters
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

/**
 * Returns the error that `fn` throws. Fails when `fn` throws no `errorClass`, or when the message
 * does not include `messageIncludes`.
 */
export function assertThrows<E extends Error>(
  fn: () => unknown,
  errorClass: ErrorClass<E>,
  messageIncludes = "",
): E {
  try {
    fn();
  } catch (error) {
    return expectError(error, errorClass, messageIncludes);
  }
  throw new assertModule.AssertionError({ message: "Expected the function to throw" });
}

/** Like {@linkcode assertThrows} for a function that returns a promise. */
export async function assertRejects<E extends Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ErrorClass<E>,
  messageIncludes = "",
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return expectError(error, errorClass, messageIncludes);
  }
  throw new assertModule.AssertionError({ message: "Expected the promise to reject" });
}

function expectError<E extends Error>(
  error: unknown,
  errorClass: ErrorClass<E>,
  messageIncludes: string,
): E {
  if (!(error instanceof errorClass)) {
    throw new assertModule.AssertionError({
      message: `Expected a ${errorClass.name}, got ${error}`,
      actual: error,
    });
  }
  assertStringIncludes(error.message, messageIncludes);
  return error;
}
