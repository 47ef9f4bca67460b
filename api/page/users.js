/** @import { Models } from "../../shared/contract/models_in_use.ts" */
/** @import { EnrolledTemplate, User, UserPage, UserWithTemplates } from "../../shared/contract/users.ts" */
/** @import { Outcome } from "./request.js" */
import { request } from "./request.js";

/** Number of people on a page of the list. */
const PAGE_SIZE = 20;

/** @param {string} userId */
const path = (userId) => `users/${encodeURIComponent(userId)}`;

/**
 * Returns a page of people, sorted by user ID.
 *
 * @param {string | undefined} cursor undefined for the first page
 * @param {AbortSignal} signal
 * @returns {Promise<Outcome<UserPage>>}
 */
export function listUsers(cursor, signal) {
  const query = new URLSearchParams({
    limit: String(PAGE_SIZE),
    ...cursor !== undefined && { cursor },
  });
  return request(`users?${query}`, {}, signal);
}

/**
 * Returns a person with the list of templates.
 *
 * @param {string} userId
 * @returns {Promise<Outcome<UserWithTemplates>>}
 */
export const getUser = (userId) => request(path(userId));

/**
 * Creates a person. Fails with the code user_exists when somebody has the user ID.
 *
 * @param {string} userId
 * @param {string} name
 * @param {string} consentRef "" for none
 * @returns {Promise<Outcome<User>>}
 */
export const createUser = (userId, name, consentRef) =>
  request(path(userId), {
    method: "PUT",
    onlyNew: true,
    body: { name, ...consentRef !== "" && { consent_ref: consentRef } },
  });

/**
 * Stores the reference to a person's consent. The other fields stay as they are.
 *
 * @param {User | UserWithTemplates} user
 * @param {string} consentRef
 * @returns {Promise<Outcome<User>>}
 */
export const storeConsent = ({ user_id, name, expires_at }, consentRef) =>
  request(path(user_id), {
    method: "PUT",
    body: { name, consent_ref: consentRef, ...expires_at !== null && { expires_at } },
  });

/**
 * Deletes a person with all templates.
 *
 * @param {string} userId
 * @returns {Promise<Outcome<undefined>>}
 */
export const deleteUser = (userId) => request(path(userId), { method: "DELETE" });

/**
 * Lets attempts to be recognised as a person be made again.
 *
 * @param {string} userId
 * @returns {Promise<Outcome<undefined>>}
 */
export const unlockUser = (userId) => request(`${path(userId)}/unlock`, { method: "POST" });

/**
 * Adds a template: the face of a picture.
 *
 * @param {string} userId
 * @param {Blob} picture
 * @returns {Promise<Outcome<EnrolledTemplate>>}
 */
export const addTemplate = (userId, picture) =>
  request(`${path(userId)}/templates`, { method: "POST", body: picture });

/**
 * Deletes a template of a person.
 *
 * @param {string} userId
 * @param {string} templateId
 * @returns {Promise<Outcome<undefined>>}
 */
export const deleteTemplate = (userId, templateId) =>
  request(`${path(userId)}/templates/${encodeURIComponent(templateId)}`, {
    method: "DELETE",
  });

/**
 * Tells which models are in use, and if the service itself holds the gallery.
 *
 * @returns {Promise<Outcome<Models>>}
 */
export const getModels = () => request("models");
