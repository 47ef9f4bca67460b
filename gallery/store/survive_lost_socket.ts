/** Keeps an error of the PostgreSQL client from ending the process. */

let isInstalled = false;

/**
 * Installs the handler, once in the process. When a connection closes while bytes wait to be written,
 * the npm package `postgres` 3.4.9 throws a TypeError outside of every call ("nextWrite" in its
 * connection.js). Without the handler, a database that restarts could end the service. The transaction
 * whose bytes are lost ends at its deadline, and other connections replace the lost one.
 */
export function surviveLostSocket(): void {
  if (isInstalled) return;
  isInstalled = true;
  globalThis.addEventListener("error", (event) => {
    if (isLostSocket(event.error)) event.preventDefault();
  });
}

function isLostSocket(error: unknown): boolean {
  return error instanceof TypeError &&
    /nextWrite .*\/postgres\/[\d.]+\/src\/connection\.js/.test(error.stack ?? "");
}
