/** Keys in a cluster: the private ones in a Secret, the public ones in a ConfigMap. */

import { ConfigError } from "../../shared/env.ts";
import type { Cluster } from "./cluster.ts";
import type { KeyStore } from "./ensure_keys.ts";
import { clusterSecretFile, labelsOf, type ObjectName } from "./secret_file.ts";

/** Name of the file in the Secret, as the chart mounts it. */
export const PRIVATE_FILE = "private.pem";
/** Name of the file in the ConfigMap, as the chart mounts it. */
export const PUBLIC_FILE = "public.pem";

const COMPONENT = "token-keys";

/** Makes the store. */
export function clusterKeyStore(
  cluster: Pick<Cluster, "call">,
  secret: ObjectName,
  configMap: ObjectName,
): KeyStore {
  const configMaps = `/api/v1/namespaces/${configMap.namespace}/configmaps`;
  const publicObject = (text: string, metadata = {}) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...metadata, name: configMap.name, labels: labelsOf(COMPONENT) },
    data: { [PUBLIC_FILE]: text },
  });
  return {
    privateKeys: clusterSecretFile(cluster, secret, PRIVATE_FILE, COMPONENT),
    async readPublic() {
      const { status, object } = await cluster.call(
        "GET",
        `${configMaps}/${configMap.name}`,
        undefined,
        [404],
      );
      if (status === 404) return undefined;
      const text = object.data?.[PUBLIC_FILE];
      if (typeof text === "string") return { text, version: object.metadata.resourceVersion };
      throw new ConfigError(`The ConfigMap ${configMap.name} has no file ${PUBLIC_FILE}`);
    },
    async createPublic(text) {
      const { status } = await cluster.call("POST", configMaps, publicObject(text), [409]);
      return status !== 409;
    },
    async replacePublic(text, resourceVersion) {
      const { status } = await cluster.call(
        "PUT",
        `${configMaps}/${configMap.name}`,
        publicObject(text, { resourceVersion }),
        [404, 409],
      );
      return status < 300;
    },
  };
}
