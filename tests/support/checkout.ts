/** The folder of the project in which the tests run. */

import { fileURLToPath } from "node:url";

/** Absolute path of the project's folder, with a slash at the end. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
