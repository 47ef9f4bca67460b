/**
 * The program of the chart's hook Job that makes missing keys of worker tokens. It creates the Secret
 * with the private keys and the ConfigMap with the public ones. It never changes private keys.
 *
 * Usage: main.ts NAMESPACE/SECRET NAMESPACE/CONFIGMAP
 */

import { runHook } from "./run_hook.ts";
import { clusterKeyStore, type ObjectName } from "./cluster_key_store.ts";
import { ensureKeys } from "./ensure_keys.ts";

await runHook(async (cluster, log) => {
  const [secret, configMap] = Deno.args.map(objectName);
  if (secret === undefined || configMap === undefined) {
    throw new TypeError("Usage: main.ts NAMESPACE/SECRET NAMESPACE/CONFIGMAP");
  }
  const { privateKeys, publicKeys } = await ensureKeys(clusterKeyStore(cluster, secret, configMap));
  log.info({ private_keys: privateKeys, public_keys: publicKeys }, "token keys exist");
});

function objectName(text: string): ObjectName | undefined {
  const [, namespace, name] = /^([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(text) ?? [];
  return namespace !== undefined && name !== undefined ? { namespace, name } : undefined;
}
