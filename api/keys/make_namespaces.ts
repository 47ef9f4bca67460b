/**
 * The program of the chart's hook Job that makes missing namespaces. It does not change a namespace
 * that exists.
 *
 * Usage: make_namespaces.ts NAMESPACE…, each as the JSON of its object
 */

import { z } from "zod";
import { runHook } from "./run_hook.ts";

const NamespaceSchema = z.looseObject({
  kind: z.literal("Namespace"),
  metadata: z.looseObject({ name: z.string() }),
});

await runHook(async (cluster, log) => {
  for (const json of Deno.args) {
    const namespace = NamespaceSchema.parse(JSON.parse(json));
    const { status } = await cluster.call("POST", "/api/v1/namespaces", namespace, [409]);
    const outcome = status === 409 ? "kept" : "made";
    log.info({ namespace: namespace.metadata.name, outcome }, "namespace exists");
  }
});
