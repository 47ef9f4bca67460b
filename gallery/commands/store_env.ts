/** The variables that name the store of a command. */

/** Names of the variables that the commands read. They are those of the services. */
export const STORE_ENV_NAMES: readonly string[] = [
  "GALLERY_STORE",
  "TEMPLATE_KEYS_PATH",
  "DATA_DIR",
];
