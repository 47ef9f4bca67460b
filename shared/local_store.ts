/** The store of the gallery service on this machine, for the service and for `deno task gallery`. */

import { join } from "node:path";
import type { Environment } from "./env.ts";
import { LOCAL_PATHS } from "./local_paths.ts";

/** Names of the variables that name a store. */
export const STORE_ENV_NAMES: readonly string[] = [
  "GALLERY_STORE",
  "TEMPLATE_KEYS_PATH",
  "DATA_DIR",
];

/** Place of a store and of its keys. */
export interface StoreSettings {
  /** Folder of SQLite, or URL of PostgreSQL. The URL can have a password: it is never printed. */
  readonly location: string;
  /** Path of the file with the template keys. */
  readonly templateKeys: string;
}

/** Returns the store in the data folder, unless the environment names another one. */
export function readStoreSettings(env: Environment): StoreSettings {
  const dataDir = env.get("DATA_DIR") || LOCAL_PATHS.data;
  return {
    location: env.get("GALLERY_STORE") || join(dataDir, "gallery"),
    templateKeys: env.get("TEMPLATE_KEYS_PATH") || join(dataDir, "template-keys"),
  };
}

/** True for the location of a PostgreSQL database. */
export const isPostgres = (location: string): boolean => /^postgres(ql)?:\/\//.test(location);
