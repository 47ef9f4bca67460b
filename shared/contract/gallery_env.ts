/** Settings of the gallery service. */

import { z } from "zod";
import { type Environment, parseEnv } from "../env.ts";
import { flag, integer, SETTINGS } from "../setting.ts";
import { POLICY_ENV, THRESHOLD_ENV } from "./face_policy.ts";
import { SERVICE_ENV } from "./service_env.ts";
import { RECOGNITION_ENV } from "./worker_env.ts";

/** Greatest number of failed attempts that a setting can allow. */
const MAX_TRIES = 1_000_000;

/** Settings that only the gallery service has. */
export const GALLERY_OWN_ENV = {
  GALLERY_STORE: z.string({ error: "must be set" }).min(1).max(4096).register(SETTINGS, {
    description:
      "where users are stored: a folder, for SQLite, or `postgres://user:password@host/database`; [gallery/README.md](../gallery/README.md#the-store)",
    shownDefault: "none: must be set",
  }),
  TEMPLATE_KEYS_PATH: z.string({ error: "must be set" }).min(1).register(SETTINGS, {
    description:
      "file with the keys that encrypt templates; the first one encrypts, all of them decrypt",
    shownDefault: "none: must be set",
  }),
  GALLERY_TOKEN_PUBLIC_KEYS_PATH: z.string().optional().register(SETTINGS, {
    description:
      "file with the public keys of the api, in PEM; a call must be signed with one of the keys",
    shownDefault: "none: this or GALLERY_TOKEN_PUBLIC_KEYS must be set",
  }),
  GALLERY_TOKEN_PUBLIC_KEYS: z.string().optional().register(SETTINGS, {
    description: "the keys themselves instead of a file",
    shownDefault: "none",
  }),
  TRIES_FREE: integer(1, MAX_TRIES).default(5).register(SETTINGS, {
    description:
      "failed 1:1 attempts in a row after which each next one must wait, for one user, key and client_ref: [security.md](security.md#limits-on-attempts)",
    chartValue: "gallery.tries.free",
  }),
  TRIES_WAIT_SECONDS: integer(1, 86_400).default(30).register(SETTINGS, {
    description: "seconds from a failed attempt to the next one, once TRIES_FREE have failed",
    chartValue: "gallery.tries.waitSeconds",
  }),
  TRIES_LOCK_AFTER: integer(1, MAX_TRIES).default(50).register(SETTINGS, {
    description:
      "failed 1:1 attempts in a row after which the user is locked for this key and client_ref, until an administrator unlocks the user",
    chartValue: "gallery.tries.lockAfter",
  }),
  TRIES_USER_LOCK_AFTER: integer(0, MAX_TRIES).default(0).register(SETTINGS, {
    description:
      "the same for all keys and client_refs together; whoever may call can then lock a user out; 0: no such limit",
    chartValue: "gallery.tries.userLockAfter",
  }),
  TRIES_SEARCHES: integer(0, MAX_TRIES).default(100).register(SETTINGS, {
    description:
      "searches (1:N) without a match that a key and client_ref may make; one is forgotten after each TRIES_WAIT_SECONDS; 0: no limit",
    chartValue: "gallery.tries.searches",
  }),
  REQUIRE_CONSENT: flag().default(false).register(SETTINGS, {
    description:
      "true: only users with a `consent_ref` get templates: [privacy.md](privacy.md#consent)",
    chartValue: "gallery.requireConsent",
  }),
  AUDIT_KEPT_DAYS: integer(1, 3650).default(30).register(SETTINGS, {
    description:
      "days after which events of the [audit](operations.md#the-audit) are deleted from the database",
    chartValue: "gallery.auditKeptDays",
  }),
  EXIT_ON_STDIN_EOF: flag().default(false).register(SETTINGS, {
    description:
      "true: the gallery service exits when its standard input ends, because its starter has then ended",
  }),
} as const;

/** All settings of the gallery service. */
export const GALLERY_ENV = {
  ...SERVICE_ENV,
  ...GALLERY_OWN_ENV,
  MATCH_ON: RECOGNITION_ENV.MATCH_ON,
  MATCH_THRESHOLD: RECOGNITION_ENV.MATCH_THRESHOLD,
  MODEL_CALIBRATION: RECOGNITION_ENV.MODEL_CALIBRATION,
  ...POLICY_ENV,
  ...THRESHOLD_ENV,
} as const;

/** Names of the variables that the gallery service reads. */
export const GALLERY_ENV_NAMES: readonly string[] = Object.keys(GALLERY_ENV);

/** Names of the variables with the limits on failed attempts. */
export const TRIES_ENV_NAMES: readonly string[] = GALLERY_ENV_NAMES.filter((name) =>
  name.startsWith("TRIES_")
);

const ConsentSchema = z.object({ REQUIRE_CONSENT: GALLERY_OWN_ENV.REQUIRE_CONSENT });

/**
 * Returns true when only users with a consent may get templates.
 *
 * @throws {ConfigError} when the setting is bad
 */
export const readRequireConsent = (env: Environment): boolean =>
  parseEnv(ConsentSchema, env).REQUIRE_CONSENT;
