/** Checks the rights of the api's service account. */

import { assertEquals } from "@std/assert";
import type { Installed } from "./install.ts";
import { KubernetesClient } from "./kubernetes.ts";

/** A right, with its resource as kubectl names it: `pods`, `pods/exec` or `deployments.apps`. */
type Right = [
  allowed: boolean,
  verb: string,
  resource: string,
  namespace: "WORKERS" | "API" | "ALL",
  name?: "POOL" | "other",
];

const RIGHTS: readonly Right[] = [
  [true, "get", "pods", "WORKERS"],
  [true, "list", "pods", "WORKERS"],
  [true, "watch", "pods", "WORKERS"],
  [true, "patch", "pods", "WORKERS"],
  [true, "delete", "pods", "WORKERS"],
  [true, "get", "configmaps", "WORKERS", "POOL"],
  [true, "watch", "configmaps", "WORKERS", "POOL"],
  [false, "get", "secrets", "WORKERS"],
  [false, "list", "secrets", "WORKERS"],
  [false, "get", "secrets", "API"],
  [false, "create", "pods", "WORKERS"],
  [false, "update", "pods", "WORKERS"],
  [false, "deletecollection", "pods", "WORKERS"],
  [false, "create", "pods/exec", "WORKERS"],
  [false, "get", "pods/log", "WORKERS"],
  [false, "patch", "pods/ephemeralcontainers", "WORKERS"],
  [false, "get", "configmaps", "WORKERS", "other"],
  [false, "list", "configmaps", "WORKERS"],
  [false, "watch", "configmaps", "WORKERS"],
  [false, "patch", "configmaps", "WORKERS", "POOL"],
  [false, "patch", "deployments.apps", "WORKERS"],
  [false, "create", "serviceaccounts/token", "WORKERS"],
  [false, "list", "pods", "API"],
  [false, "list", "pods", "ALL"],
  [false, "get", "nodes", "ALL"],
];

/** Asks the API server about each right, as `kubectl auth can-i` does, and checks the answer. */
export async function assertRights(installed: Installed): Promise<void> {
  await using account = await KubernetesClient.connect(await installed.accountConfig());
  const { release, api, worker } = installed;
  const namespaces = { WORKERS: worker, API: api, ALL: "" };
  for (const [allowed, verb, path, where, which] of RIGHTS) {
    const [qualified, subresource] = path.split("/") as [string, string?];
    const [resource, group = ""] = qualified.split(".") as [string, string?];
    const name = which === "POOL" ? `${release}-pool` : which;
    const resourceAttributes = {
      verb,
      group,
      resource,
      subresource,
      name,
      namespace: namespaces[where],
    };
    const review = await account.call(
      "POST",
      "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes },
      },
    );
    assertEquals(review.status.allowed, allowed, JSON.stringify(resourceAttributes));
  }
}
