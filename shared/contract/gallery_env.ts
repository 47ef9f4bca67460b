/** Settings of the gallery service. */

import { z } from "zod";
import { flag, integer, SETTINGS } from "../setting.ts";
import { SERVICE_ENV } from "./service_env.ts";
import { RECOGNITION_ENV } from "./worker_env.ts";

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
  AUDIT_KEPT_DAYS: integer(1, 3650).default(90).register(SETTINGS, {
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
} as const;

/** Names of the variables that the gallery service reads. */
export const GALLERY_ENV_NAMES: readonly string[] = Object.keys(GALLERY_ENV);
