/** Installs the chart for tests that play the workers; no pod runs. */

import { type FakeTokenKeys, fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import { environment } from "../support/helm.ts";
import { install, type Installed } from "../support/install.ts";
import { pathOf } from "../support/kubernetes.ts";
import type { PodTemplate } from "./fake_kubelet.ts";

/** The chart in a cluster, and the values that a pool of its workers needs. */
export interface InstalledPool extends Installed {
  /** Name of the ConfigMap that owns claimed pods. */
  readonly ownerName: string;
  /** Labels of a pod that may be claimed. */
  readonly labels: Readonly<Record<string, string>>;
  /** Metadata and spec of the pods that the Deployment makes. */
  readonly template: PodTemplate;
  /** Environment that the chart gives the api. */
  readonly env: Readonly<Record<string, string>>;
  /** Keys for the replicas and for the workers, instead of those that the chart's hook makes. */
  readonly tokenKeys: FakeTokenKeys;
  /** Path of the pods on the API server. */
  readonly podsPath: string;
}

/** Installs the chart with a Deployment of `workers` pods. No node runs these pods. */
export async function installPool(workers: number): Promise<InstalledPool> {
  // The fake workers hold the gallery.
  const set = ["api.replicas=0", "gallery.secrets={people}"];
  const installed = await install({ set, unscheduledWorkers: workers });
  const { client, release, api, worker } = installed;
  const [ofApi, ofWorkers] = await Promise.all([
    client.get("Deployment", `${release}-api`, api),
    client.get("Deployment", `${release}-worker`, worker),
  ]);
  const env = Object.entries(environment(ofApi!)).filter(([, value]) => value !== undefined);
  return {
    ...installed,
    ownerName: `${release}-pool`,
    labels: { app: "face-recognition-worker", status: "ready" },
    template: ofWorkers!.spec.template,
    env: Object.fromEntries(env) as Record<string, string>,
    tokenKeys: fakeTokenKeys(),
    podsPath: pathOf("Pod", undefined, worker),
  };
}
