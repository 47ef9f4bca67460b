/** Refuses an import of users without a consent, when templates need one. */

import { z } from "zod";
import { GALLERY_ENV } from "../../shared/contract/gallery_env.ts";
import { type Environment, parseEnv } from "../../shared/env.ts";
import { GalleryError } from "../../worker/gallery/gallery_entry.ts";
import type { NewUser } from "../store/store.ts";

const Schema = z.object({ REQUIRE_CONSENT: GALLERY_ENV.REQUIRE_CONSENT });

/**
 * Returns true when only users with a consent may get templates.
 *
 * @throws {ConfigError} when the setting is bad
 */
export const readRequireConsent = (env: Environment): boolean =>
  parseEnv(Schema, env).REQUIRE_CONSENT;

/**
 * Reads all users, before anything is stored.
 *
 * @param users The users with the fields that they would have after the import
 * @throws {GalleryError} when a user with templates has no consent
 */
export async function refuseMissingConsents(users: AsyncIterable<NewUser>): Promise<void> {
  for await (const { userId, consentRef, templates } of users) {
    if (consentRef !== undefined || templates.length === 0) continue;
    throw new GalleryError(
      `The user "${userId}" has no consent_ref, and REQUIRE_CONSENT is true, so nothing is imported. ` +
        "First store the users with their consent_ref: PUT /users/{user_id}",
    );
  }
}
