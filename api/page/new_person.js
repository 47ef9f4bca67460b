/** @import { Failure } from "./request.js" */
import { getUser, putUser } from "./users.js";
import { makeUserId, withRandomEnd } from "./user_id.js";

/** Number of user IDs that are tried before one with a random end. */
const MAX_TRIES = 9;

/** @typedef {{ userId: string, name: string }} Person */

/**
 * Creates a person. An existing person is never replaced, unless the key may not look who exists.
 *
 * @param {string} name
 * @param {string} typedId "" to make the user ID of the name
 * @returns {Promise<{ person: Person } | { taken: Person } | { failure: Failure }>}
 *   taken: the person who has the typed user ID already
 */
export async function createPerson(name, typedId) {
  const found = typedId === "" ? await findFreeId(makeUserId(name)) : await checkId(typedId);
  if (!("userId" in found)) return found;
  const outcome = await putUser(found.userId, name);
  if ("failure" in outcome) return outcome;
  return {
    person: { userId: outcome.answer.user_id, name: outcome.answer.name },
  };
}

/**
 * @param {string} wanted
 * @returns {Promise<{ userId: string } | { failure: Failure }>}
 */
async function findFreeId(wanted) {
  for (let number = 1; number <= MAX_TRIES; number++) {
    const userId = number === 1 ? wanted : `${wanted}-${number}`;
    const found = await checkId(userId);
    if ("failure" in found) return found;
    if ("userId" in found) {
      return found.isSure ? { userId } : { userId: withRandomEnd(wanted) };
    }
  }
  return { userId: withRandomEnd(wanted) };
}

/**
 * @param {string} userId
 * @returns {Promise<{ userId: string, isSure: boolean } | { taken: Person } | { failure: Failure }>}
 *   isSure: false when the key may not look who exists
 */
async function checkId(userId) {
  const outcome = await getUser(userId);
  if ("answer" in outcome) {
    return {
      taken: { userId: outcome.answer.user_id, name: outcome.answer.name },
    };
  }
  const { code } = outcome.failure;
  if (code === "user_not_found") return { userId, isSure: true };
  if (code === "forbidden_scope") return { userId, isSure: false };
  return outcome;
}
