import { assert, assertEquals } from "@std/assert";
import { CLOCK_SKEW_MS } from "../../api/pool/kubernetes/claim.ts";
import { eventually } from "../support/eventually.ts";
import { leftovers } from "../support/leftovers.ts";
import { needs } from "../support/needs.ts";
import { claimWorker } from "./claim_worker.ts";
import { openRelease, SAMPLE_GALLERY } from "./release.ts";
import { watchWorkers } from "./watch_workers.ts";

needs("helm", "node")("claimed pods whose replica is gone", async (t) => {
  await using release = await openRelease(SAMPLE_GALLERY, "poolSize=1", "api.replicas=0");
  const { client, worker } = release;
  await release.untilFull(1);
  await using watched = await watchWorkers(worker);

  await t.step("the kubelet ends a claimed pod at its deadline", async () => {
    const { uid } = await claimWorker(release, 1000);
    const { pod } = await watched.until(
      "the claimed pod has failed",
      ({ pod }) => pod.metadata.uid === uid && pod.status.phase === "Failed",
      CLOCK_SKEW_MS + 60_000,
    );
    assertEquals(pod.status.reason, "DeadlineExceeded");
    await eventually(async () => {
      const { status } = (await client.get("Pod", pod.metadata.name, worker))!;
      const [{ state, restartCount }] = status.containerStatuses;
      return state.terminated !== undefined && restartCount === 0;
    }, "its container has ended and is not started again");
  });

  await t.step("the next replica removes the failed pod", async () => {
    await release.upgrade(SAMPLE_GALLERY, "poolSize=1", "api.replicas=1");
    await release.untilFull(1);
  });

  await t.step(
    "uninstalling also removes the claimed pods, but neither keys, galleries nor what the user made",
    async () => {
      await client.create({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "people", namespace: worker },
        stringData: { a: "b" },
      });
      await claimWorker(release, 600_000);
      const [gallery] = await client.list("Secret", worker, "app.kubernetes.io/component=gallery");
      await release.uninstall();
      const kept = [
        ...["token-private", "api-keys", "admin-key", "test-key"]
          .map((key) => `${release.api}: Secret/${release.release}-${key}`),
        `${worker}: ConfigMap/${release.release}-token-public`,
        `${worker}: Secret/${gallery!.metadata.name}`,
        `${worker}: Secret/people`,
      ].sort();
      await eventually(
        async () => (await leftovers(release)).length === kept.length,
        "only the kept objects are left",
        90_000,
      );
      assertEquals((await leftovers(release)).sort(), kept);
      assert(await client.get("Namespace", release.api), "The namespace of the api still exists");
    },
  );
});
