/** Does what an administrator of the test's node does: makes volumes free that nobody uses any more. */

import type { KubernetesClient } from "../support/kubernetes.ts";

/**
 * Empties the volumes whose volume claims are deleted, and offers them again. The node has few volumes
 * and keeps their content, and a gallery service refuses the users of another release.
 */
export async function freeVolumes(client: KubernetesClient): Promise<void> {
  const path = "/api/v1/persistentvolumes";
  const { items } = await client.call("GET", path);
  for (const { metadata, spec, status } of items) {
    if (status.phase !== "Released" || spec.hostPath === undefined) continue;
    for await (const { name } of Deno.readDir(spec.hostPath.path)) {
      await Deno.remove(`${spec.hostPath.path}/${name}`, { recursive: true });
    }
    await client.call("PATCH", `${path}/${metadata.name}`, { spec: { claimRef: null } });
  }
}
