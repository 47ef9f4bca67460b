/** Reads what a hostile worker has tried, and says what it means. */

import type { Attempt, Attempts } from "./raw_calls.ts";

/** An attempt on one thread. */
export interface TriedAttempt extends Attempt {
  /** main, or older than the seal. */
  readonly thread: "main" | "older";
  readonly what: string;
}

const EPERM = 1, EACCES = 13, EROFS = 30, ENOSYS = 38;

/** Attempts that a sealed worker can make: its JavaScript engine needs them. */
const POSSIBLE = new Set(["executable memory", "executable memory with a key"]);

/** True when the worker has finished its attack. */
export const hasAttacked = (lines: readonly string[]): boolean =>
  lines.some((line) => line.includes('"attacked":true'));

/**
 * Attempts in one line. Who starts a process reads lines of at most 1,000 characters, and of output
 * that comes at once at most 64 lines.
 */
const PER_LINE = 8;

/** Returns attempts as the lines that {@linkcode readAttempts} reads. */
export function writeAttempts(thread: TriedAttempt["thread"], attempts: Attempts): string[] {
  const tried = Object.entries(attempts).map(([what, attempt]) => ({ thread, what, ...attempt }));
  const lines = Math.ceil(tried.length / PER_LINE);
  return Array.from(
    { length: lines },
    (_, i) => JSON.stringify({ attempts: tried.slice(i * PER_LINE, (i + 1) * PER_LINE) }),
  );
}

/** Reads the attempts in the lines that a worker has printed. */
export function readAttempts(lines: readonly string[]): TriedAttempt[] {
  return lines.filter((line) => line.startsWith('{"attempts":'))
    .flatMap((line) => JSON.parse(line).attempts);
}

/** An error such as EINVAL comes from the call itself, which therefore was not refused. */
export function outcome({ result, errno }: Attempt): string {
  if (result >= 0) return "possible";
  return isRefused({ result, errno }) ? `refused (${errno})` : `reached (error ${errno})`;
}

/** True when a filter, missing rights or a read-only root refused the attempt. */
export const isRefused = ({ result, errno }: Attempt): boolean =>
  result < 0 && [EPERM, EACCES, EROFS, ENOSYS].includes(errno);

/** Returns the attempts that a seal does not treat as it should. */
export function wrongUnderSeal(sealed: readonly TriedAttempt[]): TriedAttempt[] {
  return sealed.filter(({ what, result, errno }) => {
    if (POSSIBLE.has(what)) return result < 0;
    // The C library needs the other error to make threads in the older way, which the filter can check.
    return result >= 0 || errno !== (what === "fork by clone3" ? ENOSYS : EPERM);
  });
}
