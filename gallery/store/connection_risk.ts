/** Finds out if others in the network can read or change what goes to a database. */

/** Hosts of this machine, and no host: a socket of the file system. */
const LOCAL = /^(localhost|127\.[\d.]+|\[::1\]|%2f.*|)$/i;

/**
 * Returns a sentence without a period about the connection, undefined when it is encrypted and the
 * certificate of the database is checked, or when it does not leave this machine. Quotes nothing of
 * the URL.
 *
 * @param location A `postgres:` URL, whose hosts may be a list with commas, or a folder
 */
export function connectionRisk(location: string): string | undefined {
  const [, list, query] =
    /^postgres(?:ql)?:\/\/(?:[^/?]*@)?([^/?]*)[^?]*(?:\?(.*))?$/s.exec(location) ??
      [];
  if (list === undefined) return undefined;
  const parameters = new URLSearchParams(query);
  if (list.split(",").every((host) => LOCAL.test(host.replace(/:\d+$/, "")))) return undefined;
  const mode = parameters.getAll("sslmode").at(-1) ?? parameters.getAll("ssl").at(-1);
  if (mode === "verify-full" || parameters.get("sslrootcert") === "system") return undefined;
  return mode === "require"
    ? "The certificate of the gallery's database is not checked: use sslmode=verify-full in its URL"
    : "The connection to the gallery's database may not be encrypted: use sslmode=verify-full in its URL";
}
