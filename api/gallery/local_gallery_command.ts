/** The command that runs the gallery service on this machine. */

import { join } from "node:path";
import type { Environment } from "../../shared/env.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { quietLogLevel } from "../pool/process/local_worker.ts";
import { type DenoCommand, denoCommand } from "../process/deno_command.ts";

/** Files of a local gallery service in its data folder. */
export interface LocalGalleryFiles {
  /** Folder of the SQLite database. */
  readonly store: string;
  /** Path of the file with the keys that encrypt templates. */
  readonly templateKeys: string;
}

/** Settings of the gallery service that it takes from the api's own environment. */
const PASSED_ON = ["MATCH_ON", "MATCH_THRESHOLD", "MODEL_CALIBRATION", "BODY_TIMEOUT_MS"];

/** Returns the paths of the files in a data folder. */
export function localGalleryFiles(dataDir: string): LocalGalleryFiles {
  return { store: join(dataDir, "gallery"), templateKeys: join(dataDir, "template-keys") };
}

/**
 * Returns the command. The process may read and write its data folder, and may read the sample
 * gallery, which it imports at its first start.
 *
 * @param env The api's own environment
 * @param own Settings that the api decides
 */
export function localGalleryCommand(
  env: Environment,
  { dataDir, ...own }: {
    readonly dataDir: string;
    readonly logFormat: string;
    /** The public halves of the keys that sign calls. */
    readonly publicKeys: string;
  },
): DenoCommand {
  const { store, templateKeys } = localGalleryFiles(dataDir);
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = env.get(name);
    return value ? [[name, value]] : [];
  });
  const calibration = env.get("MODEL_CALIBRATION");
  return denoCommand({
    program: "gallery/main.ts",
    preload: "gallery/local/prepare.ts",
    permissionSet: "gallery",
    readable: [dataDir, LOCAL_PATHS.gallery, ...calibration ? [calibration] : []],
    writable: [dataDir],
    hosts: ["127.0.0.1"],
    env: {
      ...Object.fromEntries(passedOn),
      LOG_LEVEL: quietLogLevel(env.get("LOG_LEVEL")),
      LOG_FORMAT: own.logFormat,
      GALLERY_STORE: store,
      TEMPLATE_KEYS_PATH: templateKeys,
      GALLERY_TOKEN_PUBLIC_KEYS: own.publicKeys,
    },
  });
}
