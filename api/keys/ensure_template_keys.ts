/** Makes the key that encrypts templates when it is missing. Keys that exist are never replaced. */

import { ConfigError } from "../../shared/env.ts";
import { makeTemplateKey, parseTemplateKeys } from "../../shared/template_keys.ts";
import { ensureSecretFile, type Outcome, type SecretFile } from "./secret_file.ts";

/** Name of the file in the Secret, as the chart mounts it. */
export const TEMPLATE_KEYS_FILE = "template-keys";

/**
 * Makes a Secret with one key if there is none. A store that was encrypted with a lost key refuses the
 * new one, so a lost Secret can still be put back.
 *
 * @throws {ConfigError} when keys exist that cannot be used
 */
export async function ensureTemplateKeys(secret: SecretFile): Promise<Outcome> {
  const { text, outcome } = await ensureSecretFile(secret, makeTemplateKey);
  try {
    parseTemplateKeys(text);
  } catch (cause) {
    throw new ConfigError(`The Secret ${secret.name} cannot be used`, { cause });
  }
  return outcome;
}
