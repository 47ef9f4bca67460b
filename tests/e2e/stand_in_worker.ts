/** Starts workers that are Ready, but do not serve. */

import type { Release } from "./release.ts";

/** Program that accepts a request and never answers. */
export const HANGING = "await new Promise(() => {})";
/** Program that ends when it receives a request. */
export const BROKEN = "Deno.exit(1)";

/** Starts a pod like those of the pool, but with another program, and waits until it is Ready. */
export async function standIn(
  { client, release, worker, untilFull }: Release,
  program: string,
): Promise<void> {
  const deployment = await client.get("Deployment", `${release}-worker`, worker);
  const { metadata, spec } = deployment!.spec.template;
  const [container] = spec.containers;
  // Like a real worker, this program finishes its request after SIGTERM.
  const serve = `Deno.addSignalListener("SIGTERM", () => {});
  Deno.serve({ port: 8080 }, async ({ method }) => {
    if (method === "POST") ${program};
    return new Response();
  })`;
  await client.create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      // A ReplicaSet finds its pods by a hash that this template lacks, so none owns this pod.
      ...metadata,
      name: `stand-in-${crypto.randomUUID().slice(0, 8)}`,
      namespace: worker,
    },
    spec: {
      ...spec,
      restartPolicy: "Never",
      containers: [{ ...container, command: ["deno", "eval", "--no-config", serve] }],
    },
  });
  await untilFull(1);
}
