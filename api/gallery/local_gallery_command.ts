/** The command that runs the gallery service on this machine. */

import { dirname } from "node:path";
import type { Environment } from "../../shared/env.ts";
import { TRIES_ENV_NAMES } from "../../shared/contract/gallery_env.ts";
import { POLICY_ENV_NAMES } from "../../shared/contract/face_policy.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { isPostgres, readStoreSettings } from "../../shared/local_store.ts";
import { quietLogLevel } from "../../shared/process/log_of_started.ts";
import { type DenoCommand, denoCommand } from "../../shared/process/deno_command.ts";

/** Settings of the gallery service that it takes from the api's own environment. */
const PASSED_ON = [
  "MATCH_ON",
  "MATCH_THRESHOLD",
  "MODEL_CALIBRATION",
  "BODY_TIMEOUT_MS",
  ...TRIES_ENV_NAMES,
  "REQUIRE_CONSENT",
  "AUDIT_KEPT_DAYS",
  ...POLICY_ENV_NAMES,
];

/**
 * Returns the command. With SQLite the process may read and write its data folder and use the loopback
 * address, and nothing else. It may read the sample gallery, which it imports at its first start.
 *
 * @param env The api's own environment
 * @param decided Settings that the api decides
 */
export function localGalleryCommand(
  env: Environment,
  decided: {
    readonly logFormat: string;
    /** The public halves of the keys that sign calls. */
    readonly publicKeys: string;
  },
): DenoCommand {
  const { location, templateKeys } = readStoreSettings(env);
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = env.get(name);
    return value ? [[name, value]] : [];
  });
  const calibration = env.get("MODEL_CALIBRATION");
  const isRemote = isPostgres(location);
  // Keys are made only in the data folder.
  const own = isRemote
    ? []
    : [location, ...env.get("TEMPLATE_KEYS_PATH") ? [] : [dirname(templateKeys)]];
  return denoCommand({
    program: "gallery/main.ts",
    preload: "gallery/local/prepare.ts",
    permissionSet: "gallery",
    readable: [...own, templateKeys, LOCAL_PATHS.gallery, ...calibration ? [calibration] : []],
    ...!isRemote && { writable: own, hosts: ["127.0.0.1"] },
    env: {
      ...Object.fromEntries(passedOn),
      LOG_LEVEL: quietLogLevel(env.get("LOG_LEVEL")),
      LOG_FORMAT: decided.logFormat,
      GALLERY_STORE: location,
      TEMPLATE_KEYS_PATH: templateKeys,
      GALLERY_TOKEN_PUBLIC_KEYS: decided.publicKeys,
    },
  });
}
