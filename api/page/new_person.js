/** @import { Failure } from "./request.js" */
import { createUser, getUser } from "./users.js";
import { makeUserId, withRandomEnd } from "./user_id.js";

/** Number of user IDs that are tried before one with a random end. */
const MAX_TRIES = 9;

/** @typedef {{ userId: string, name: string }} Person */

/**
 * Creates a person. An existing person is never replaced.
 *
 * @param {string} name
 * @param {string} typedId "" to make the user ID of the name
 * @param {string} consentRef "" for none
 * @returns {Promise<{ person: Person } | { taken: TakenId } | { failure: Failure }>}
 *   taken: somebody has the typed user ID already
 */
export async function createPerson(name, typedId, consentRef) {
  const userIds = typedId === "" ? possibleIds(makeUserId(name)) : [typedId];
  /** @type {Failure | undefined} */
  let failure;
  for (const userId of userIds) {
    const outcome = await createUser(userId, name, consentRef);
    if ("answer" in outcome) {
      const { user_id, name } = outcome.answer;
      return { person: { userId: user_id, name } };
    }
    ({ failure } = outcome);
    if (failure.code !== "user_exists") return { failure };
  }
  if (typedId !== "" || failure === undefined) return { taken: await findOwner(typedId) };
  return { failure };
}

/** @param {string} wanted */
function* possibleIds(wanted) {
  yield wanted;
  for (let number = 2; number <= MAX_TRIES; number++) yield `${wanted}-${number}`;
  yield withRandomEnd(wanted);
}

/**
 * @typedef {object} TakenId
 * @property {string} userId
 * @property {string} [name] of the person who has it; missing when the key may not see who exists
 */

/**
 * @param {string} userId
 * @returns {Promise<TakenId>}
 */
async function findOwner(userId) {
  const outcome = await getUser(userId);
  return "answer" in outcome ? { userId, name: outcome.answer.name } : { userId };
}
