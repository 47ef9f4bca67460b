/** What the api's account may do, and what it may not. */

import { assertEquals } from "@std/assert";
import type { Installed } from "./install.ts";
import type { Outcome } from "./helm.ts";

const RIGHTS: [allowed: boolean, ...args: string[]][] = [
  [true, "get", "pods", "--namespace=WORKERS"],
  [true, "list", "pods", "--namespace=WORKERS"],
  [true, "watch", "pods", "--namespace=WORKERS"],
  [true, "patch", "pods", "--namespace=WORKERS"],
  [true, "delete", "pods", "--namespace=WORKERS"],
  [true, "get", "configmaps/POOL", "--namespace=WORKERS"],
  [false, "get", "secrets", "--namespace=WORKERS"],
  [false, "list", "secrets", "--namespace=WORKERS"],
  [false, "get", "secrets", "--namespace=API"],
  [false, "create", "pods", "--namespace=WORKERS"],
  [false, "update", "pods", "--namespace=WORKERS"],
  [false, "deletecollection", "pods", "--namespace=WORKERS"],
  [false, "create", "pods", "--subresource=exec", "--namespace=WORKERS"],
  [false, "get", "pods", "--subresource=log", "--namespace=WORKERS"],
  [false, "patch", "pods", "--subresource=ephemeralcontainers", "--namespace=WORKERS"],
  [false, "get", "configmaps/other", "--namespace=WORKERS"],
  [false, "list", "configmaps", "--namespace=WORKERS"],
  [false, "patch", "configmaps/POOL", "--namespace=WORKERS"],
  [false, "patch", "deployments.apps", "--namespace=WORKERS"],
  [false, "create", "serviceaccounts", "--subresource=token", "--namespace=WORKERS"],
  [false, "list", "pods", "--namespace=API"],
  [false, "list", "pods", "--all-namespaces"],
  [false, "get", "nodes"],
];

/**
 * Asks the API server what the api's account may do.
 *
 * @param account Runs kubectl as it
 */
export async function assertRights(
  account: (args: string[]) => Promise<Outcome>,
  { release, api, worker }: Installed,
): Promise<void> {
  for (const [allowed, ...args] of RIGHTS) {
    const scope = args.map((arg) =>
      arg.replace("WORKERS", worker).replace("API", api).replace("POOL", `${release}-pool`)
    );
    const { text } = await account(["auth", "can-i", ...scope]);
    assertEquals(text.trim() === "yes", allowed, `${scope.join(" ")}: ${text}`);
  }
}
