/** Claims a worker without the api. */

import { type Claim, claimPatch } from "../../api/pool/kubernetes/claim.ts";
import { readPod } from "../../api/pool/kubernetes/pod.ts";
import { KubernetesClient, pathOf } from "../support/kubernetes.ts";
import { isFree, type Release } from "./release.ts";

/**
 * Claims a free pod with the rights of the api, as if a replica then died. Returns the uid and name of
 * the pod.
 */
export async function claimWorker(
  release: Release,
  leaseMs: number,
): Promise<{ readonly uid: string; readonly name: string }> {
  const { release: name, worker } = release;
  await using account = await KubernetesClient.connect(await release.accountConfig());
  const pool = await account.get("ConfigMap", `${name}-pool`, worker);
  const owner = { name: `${name}-pool`, uid: pool!.metadata.uid };
  const pod = readPod((await release.workers()).find(isFree)!);
  const now = Date.now();
  const claim: Claim = { id: crypto.randomUUID(), by: "dead-replica", deadline: now + leaseMs };
  const patch = claimPatch(pod, claim, owner, now);
  await account.call("PATCH", pathOf("Pod", pod.name, worker), patch);
  return { uid: pod.uid, name: pod.name };
}
