/** Tries which addresses a pod can reach. */

import { kubectl } from "../support/kubectl.ts";
import type { Release } from "./release.ts";

/** A pod by its namespace and name. */
export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Program that connects to each `host:port` of its arguments, and prints those that it reached. An
 * address after `dns:` is asked for a name by UDP.
 */
const PROGRAM = `
  const reached = await Promise.all(Deno.args.map(async (target) => {
    const timeout = AbortSignal.timeout(4000);
    const dns = target.startsWith("dns:");
    const { hostname, port } = new URL("http://" + target.replace("dns:", ""));
    try {
      if (dns) {
        await Deno.resolveDns("kubernetes.default.svc.cluster.local", "A", {
          nameServer: { ipAddr: hostname, port: Number(port || 80) }, signal: timeout,
        });
        return target;
      }
      const connecting = Deno.connect({ hostname, port: Number(port || 80), signal: timeout });
      (await connecting).close();
      return target;
    } catch {
      return undefined;
    }
  }));
  console.log(JSON.stringify(reached.filter((target) => target !== undefined)));
  Deno.exit(0);
`;

/** Returns the names of those targets that a pod can reach. The targets are `host:port` by name. */
export async function reachedFrom(
  { namespace, name }: PodName,
  targets: Readonly<Record<string, string>>,
): Promise<string[]> {
  const output = await kubectl(
    "exec",
    name,
    `--namespace=${namespace}`,
    "--",
    ...["deno", "eval", "--no-config", "--no-lock", PROGRAM, ...Object.values(targets)],
  );
  const reached: string[] = JSON.parse(output.split("\n").findLast((line) => line !== "")!);
  return Object.keys(targets).filter((target) => reached.includes(targets[target]!));
}

/** Returns the address of the node, which is this machine. */
export async function nodeAddress({ client }: Release): Promise<string> {
  const { items } = await client.call("GET", "/api/v1/nodes");
  const addresses: { type: string; address: string }[] = items[0].status.addresses;
  return addresses.find(({ type }) => type === "InternalIP")!.address;
}
