/**
 * The program of the chart's hook Job that makes missing keys. It never changes a Secret that exists.
 *
 * Usage: main.ts OPTION…, with at least one of these groups. Each name is NAMESPACE/NAME.
 *
 *   --token-private SECRET --token-public CONFIGMAP         keys of worker tokens
 *   --template-keys SECRET                                  key that encrypts templates
 *   --api-keys SECRET --admin-key SECRET --test-key SECRET  keys of the first callers
 */

import type { Logger } from "../../shared/log.ts";
import type { Cluster } from "./cluster.ts";
import { clusterKeyStore } from "./cluster_key_store.ts";
import { API_KEYS_FILE, ensureApiKeys, KEY_FILE } from "./ensure_api_keys.ts";
import { ensureKeys } from "./ensure_keys.ts";
import { ensureTemplateKeys, TEMPLATE_KEYS_FILE } from "./ensure_template_keys.ts";
import { type KeysOptions, readKeysOptions } from "./options.ts";
import { runHook } from "./run_hook.ts";
import { clusterSecretFile } from "./secret_file.ts";

await runHook(async (cluster, log) => {
  const options = readKeysOptions(Deno.args);
  if ("wrong" in options) throw new TypeError(options.wrong);
  const { token, templateKeys, apiKeys } = options;
  if (token !== undefined) {
    const store = clusterKeyStore(cluster, token.privateKeys, token.publicKeys);
    const { privateKeys, publicKeys } = await ensureKeys(store);
    log.info({ private_keys: privateKeys, public_keys: publicKeys }, "token keys exist");
  }
  if (templateKeys !== undefined) {
    const secret = clusterSecretFile(cluster, templateKeys, TEMPLATE_KEYS_FILE, "template-keys");
    log.info({ template_keys: await ensureTemplateKeys(secret) }, "template keys exist");
  }
  if (apiKeys !== undefined) await makeApiKeys(cluster, log, apiKeys);
});

async function makeApiKeys(
  cluster: Cluster,
  log: Logger,
  { keysFile, adminKey, testKey }: NonNullable<KeysOptions["apiKeys"]>,
): Promise<void> {
  const outcome = await ensureApiKeys({
    apiKeys: clusterSecretFile(cluster, keysFile, API_KEYS_FILE, "api-keys"),
    adminKey: clusterSecretFile(cluster, adminKey, KEY_FILE, "api-keys"),
    testKey: clusterSecretFile(cluster, testKey, KEY_FILE, "api-keys"),
  });
  log.info(
    { api_keys: outcome.apiKeys, admin_key: outcome.adminKey, test_key: outcome.testKey },
    "API keys exist",
  );
  for (
    const [{ name }, of] of [[adminKey, outcome.adminKey], [testKey, outcome.testKey]] as const
  ) {
    if (of === "missing") {
      log.info(
        { secret: name },
        "this Secret was deleted and is not made again; " +
          `the key itself works as long as the Secret ${keysFile.name} lists it`,
      );
    } else if (of === "not_listed") {
      log.warn(
        { secret: name },
        `the key in this Secret does not work: the Secret ${keysFile.name} does not list it`,
      );
    }
  }
}
