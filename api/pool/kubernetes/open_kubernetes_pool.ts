/** Opens the pool of pods on Kubernetes. */

import { KubeConfig } from "@kubernetes/client-node";
import { delay } from "../../../shared/backoff.ts";
import { ConfigError } from "../../../shared/env.ts";
import { readTokenKeys } from "../../../shared/http/token_key_location.ts";
import { describeError } from "../../../shared/log.ts";
import type { ApiConfig, KubernetesPoolConfig } from "../../config.ts";
import type { OpenedPool, OpenPoolServices } from "../opened_pool.ts";
import { STATUS_LABEL } from "./claim.ts";
import { createPodApi } from "./api_server/client.ts";
import { KubernetesPool } from "./kubernetes_pool.ts";
import { followTokenKeys } from "./follow_token_keys.ts";
import { createReadyClient } from "./ready_client.ts";
import { createSupervisorClient } from "./supervisor_client.ts";

/** Label for the kind of worker, in the chart. */
const KIND_LABEL = "face-it.io/gallery";

/**
 * Opens the pool. An API server that is unreachable is not an error: the pool retries until the
 * server answers.
 *
 * @throws {ConfigError} when the token keys or the credentials are bad
 */
export async function openKubernetesPool(
  config: ApiConfig,
  {
    namespace,
    owner,
    selector,
    workerPort,
    leaseMaxMs,
    processes,
    inCluster,
    tokenKeys: keyLocation,
  }: KubernetesPoolConfig,
  { log, metrics, now }: OpenPoolServices,
): Promise<OpenedPool> {
  const forever = new AbortController().signal;
  const tokenKeys = await followTokenKeys(
    { read: () => readTokenKeys(keyLocation), log, delay },
    forever,
  );
  const api = await createPodApi({
    config: loadCredentials(inCluster),
    namespace,
    selector: watchedSelector(selector),
    owner,
    onFailure: (call, code) => metrics.pool.apiFailure(call, code),
    now,
  });
  const pool = new KubernetesPool({
    // The name of the api's own pod does not identify this process: after a restart of the container
    // the name is the same, but the new process does not have the claims of the old one.
    replica: `${Deno.hostname()}-${crypto.randomUUID().slice(0, 8)}`,
    selector,
    ownerName: owner,
    workerPort,
    queueLimit: config.queueLimit,
    requestsPerWorker: config.requestsPerWorker,
    requestTimeoutMs: config.requestTimeoutMs,
    leaseMaxMs,
    processes: processes && { ...processes, supervisors: createSupervisorClient(tokenKeys) },
    workers: createReadyClient(),
    services: {
      api,
      log,
      metrics: metrics.pool,
      now,
      delay,
      random: Math.random,
      newClaimId: () => crypto.randomUUID(),
    },
  });
  return { pool, tokenKeys };
}

/**
 * Returns the selector of the pods that the pool watches: also pods that it may not claim. It leaves out
 * the label that a claim changes, and the kind of worker: when that has changed, nobody else would
 * delete the claimed pods of a replica that has crashed.
 *
 * @param selector Labels of a pod that may be claimed
 */
export function watchedSelector(selector: Readonly<Record<string, string>>): string {
  return Object.entries(selector)
    .filter(([name]) => name !== STATUS_LABEL && name !== KIND_LABEL)
    .map((label) => label.join("="))
    .join(",");
}

/** Loads the service account's credentials, or those of KUBECONFIG or ~/.kube/config. */
function loadCredentials(inCluster: boolean): KubeConfig {
  const credentials = new KubeConfig();
  try {
    if (inCluster) credentials.loadFromCluster();
    else credentials.loadFromDefault();
  } catch (cause) {
    throw new ConfigError(`Bad Kubernetes credentials (${describeError(cause)})`, { cause });
  }
  return credentials;
}
