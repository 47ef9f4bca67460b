/** Keys in a cluster: the private ones in a Secret, the public ones in a ConfigMap. */

import { ConfigError } from "../../shared/env.ts";
import type { Cluster } from "./cluster.ts";
import type { KeyStore } from "./ensure_keys.ts";

/** Namespace and name of an object. */
export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** Name of the file in the Secret, as the chart mounts it. */
export const PRIVATE_FILE = "private.pem";
/** Name of the file in the ConfigMap, as the chart mounts it. */
export const PUBLIC_FILE = "public.pem";

/** Labels of both objects. Helm does not own them, so uninstalling keeps them. */
const LABELS = {
  "app.kubernetes.io/name": "face-it",
  "app.kubernetes.io/component": "token-keys",
  "app.kubernetes.io/managed-by": "face-it",
};

/** Makes the store. */
export function clusterKeyStore(
  cluster: Pick<Cluster, "call">,
  secret: ObjectName,
  configMap: ObjectName,
): KeyStore {
  const secrets = `/api/v1/namespaces/${secret.namespace}/secrets`;
  const configMaps = `/api/v1/namespaces/${configMap.namespace}/configmaps`;
  const publicObject = (text: string, metadata = {}) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...metadata, name: configMap.name, labels: LABELS },
    data: { [PUBLIC_FILE]: text },
  });
  return {
    async readPrivate() {
      const { status, object } = await cluster.call("GET", `${secrets}/${secret.name}`, undefined, [
        404,
      ]);
      if (status === 404) return undefined;
      const file = object.data?.[PRIVATE_FILE];
      if (typeof file === "string") {
        return new TextDecoder().decode(Uint8Array.fromBase64(file));
      }
      throw new ConfigError(`The Secret ${secret.name} has no file ${PRIVATE_FILE}`);
    },
    async createPrivate(text) {
      const { status } = await cluster.call("POST", secrets, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: secret.name, labels: LABELS },
        stringData: { [PRIVATE_FILE]: text },
      }, [409]);
      return status !== 409;
    },
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
