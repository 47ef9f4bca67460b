/** Runs a program of the chart's hooks as an account of the cluster. */

import { KubeConfig } from "@kubernetes/client-node";
import type { KubernetesClient } from "../support/kubernetes.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

/** Account of a pod. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Runs Deno with these arguments, and with the account's credentials in KUBECONFIG. The permission set
 * `keys` may read them.
 *
 * @returns What the program logs
 */
export async function runAs(
  client: KubernetesClient,
  account: Account,
  args: readonly string[],
): Promise<{ ok: boolean; text: string }> {
  await using folder = await temporaryFolder({ kubeconfig: await kubeconfigOf(client, account) });
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: args.flatMap((arg) => arg === "-P=keys" ? [arg, `--allow-read=${folder.root}`] : [arg]),
    env: { KUBECONFIG: folder.path("kubeconfig") },
  }).output();
  return { ok: success, text: new TextDecoder().decode(stderr) };
}

async function kubeconfigOf(
  client: KubernetesClient,
  { namespace, name }: Account,
): Promise<string> {
  const { status: { token } } = await client.call(
    "POST",
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    { spec: { expirationSeconds: 3600 } },
  );
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: "test", server: client.server, caData: btoa(client.ca), skipTLSVerify: false },
    { name, token },
  );
  return config.exportConfig();
}
