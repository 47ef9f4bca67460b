/** A user ID may have 256 characters. A shorter one is easier to type. */
const MAX_LENGTH = 60;

/**
 * Makes a user ID of a name: "Ada Lovelace" becomes "ada-lovelace".
 *
 * @param {string} name
 */
export function makeUserId(name) {
  const words = name.normalize("NFC").toLowerCase().split(
    /[^\p{L}\p{M}\p{N}]+/u,
  );
  const id = words.filter((word) => word !== "").join("-");
  return [...id].slice(0, MAX_LENGTH).join("").replace(/-$/, "") || "person";
}

/**
 * Makes a user ID that nobody else has, without asking the service.
 *
 * @param {string} id
 */
export function withRandomEnd(id) {
  const bytes = crypto.getRandomValues(new Uint8Array(5));
  return `${id}-${[...bytes].map((byte) => (byte % 32).toString(32)).join("")}`;
}
