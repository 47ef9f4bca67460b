/** Workers that are Ready and then do not serve. */

import { assert } from "@std/assert";
import { get, kubectl } from "../support/install.ts";
import type { KubeObject } from "../support/helm.ts";
import type { Release } from "./release.ts";

/** Takes a request and never answers. */
export const HANGING = "await new Promise(() => {})";
/** Dies of a request. */
export const BROKEN = "Deno.exit(1)";

/** Puts one beside the pool's pods, in all but its program like them, and waits for it. */
export async function standIn({ release, worker, untilFull }: Release, program: string) {
  const deployment = await get("deployment", `${release}-worker`, `--namespace=${worker}`);
  const { metadata, spec } = deployment!["spec"].template as KubeObject;
  const [container] = spec.containers;
  // As a worker does, it goes on with its request after SIGTERM.
  const serve = `Deno.addSignalListener("SIGTERM", () => {});
  Deno.serve({ port: 8080 }, async ({ method }) => {
    if (method === "POST") ${program};
    return new Response();
  })`;
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...metadata,
      // Those of a template lack the hash by which a ReplicaSet knows its pods: this is nobody's.
      labels: metadata.labels,
      name: `stand-in-${crypto.randomUUID().slice(0, 8)}`,
      namespace: worker,
    },
    spec: {
      ...spec,
      restartPolicy: "Never",
      containers: [{ ...container, command: ["deno", "eval", "--no-config", serve] }],
    },
  };
  const { ok, text } = await kubectl(["create", "--filename=-"], JSON.stringify(pod));
  assert(ok, text);
  await untilFull(1);
}
