/** A file in a Secret. A Secret that exists is never changed. */

import { ConfigError } from "../../shared/env.ts";
import type { Cluster } from "./cluster.ts";

/** Namespace and name of an object. */
export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** A Secret with one file. */
export interface SecretFile {
  /** Name of the Secret, for errors and the log. */
  readonly name: string;
  /** Returns the text of the file, or undefined when there is no Secret. */
  read(): Promise<string | undefined>;
  /** Makes the Secret. Returns false when there is one already. */
  create(text: string): Promise<boolean>;
}

/** Result for a Secret that must exist. */
export type Outcome = "made" | "kept";

/** Largest number of tries. Other runs can make the Secret at the same time. */
const MAX_TRIES = 10;

/** Returns the labels of an object that a hook makes. Helm does not own it, so uninstalling keeps it. */
export const labelsOf = (component: string): Readonly<Record<string, string>> => ({
  "app.kubernetes.io/name": "face-it",
  "app.kubernetes.io/component": component,
  "app.kubernetes.io/managed-by": "face-it",
});

/**
 * Returns a file in a Secret of the cluster.
 *
 * @param file Name of the file, as the chart mounts it
 * @param component Names what the Secret is for, in its labels
 */
export function clusterSecretFile(
  cluster: Pick<Cluster, "call">,
  { namespace, name }: ObjectName,
  file: string,
  component: string,
): SecretFile {
  const secrets = `/api/v1/namespaces/${namespace}/secrets`;
  return {
    name,
    async read() {
      const { status, object } = await cluster.call("GET", `${secrets}/${name}`, undefined, [404]);
      if (status === 404) return undefined;
      const content = object.data?.[file];
      if (typeof content === "string") {
        return new TextDecoder().decode(Uint8Array.fromBase64(content));
      }
      throw new ConfigError(`The Secret ${name} has no file ${file}`);
    },
    async create(text) {
      const { status } = await cluster.call("POST", secrets, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, labels: labelsOf(component) },
        stringData: { [file]: text },
      }, [409]);
      return status !== 409;
    },
  };
}

/**
 * Returns the text of a Secret, which is made when it is missing. Several runs at the same time get
 * the same text.
 *
 * @param make Makes the text
 * @throws {ConfigError} when the Secret is made and deleted again and again
 */
export async function ensureSecretFile(
  secret: SecretFile,
  make: () => string | Promise<string>,
): Promise<{ readonly text: string; readonly outcome: Outcome }> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const text = await secret.read();
    if (text !== undefined) return { text, outcome: "kept" };
    const made = await make();
    if (await secret.create(made)) return { text: made, outcome: "made" };
  }
  throw new ConfigError(`The Secret ${secret.name} is made and deleted again and again`);
}
