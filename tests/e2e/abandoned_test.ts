import { assert, assertEquals } from "@std/assert";
import { type Claim, claimPatch } from "../../api/pool/kubernetes/claim.ts";
import { readPod } from "../../api/pool/kubernetes/pod.ts";
import { get, kubectl } from "../support/install.ts";
import { leftovers } from "../support/leftovers.ts";
import { eventually } from "../support/eventually.ts";
import { e2eTest, isFree, openRelease, type Release, SAMPLE_GALLERY } from "./release.ts";
import { watchWorkers } from "./watch_workers.ts";

e2eTest("claims that nobody ends", async (t) => {
  await using release = await openRelease(SAMPLE_GALLERY, "poolSize=1", "api.replicas=0");
  const inWorkers = `--namespace=${release.worker}`;
  await release.untilFull(1);
  await using watched = await watchWorkers(release.worker);

  await t.step(
    "the kubelet ends a claimed pod at its deadline when no replica is left",
    async () => {
      const uid = await claim(release, 3000);
      const { pod } = await watched.until(
        "the claimed pod has failed",
        ({ pod }) => pod.metadata.uid === uid && pod.status.phase === "Failed",
      );
      assertEquals(pod.status.reason, "DeadlineExceeded");
      await eventually(async () => {
        const { status } = (await get("pod", pod.metadata.name, inWorkers))!;
        const [{ state, restartCount }] = status.containerStatuses;
        return state.terminated !== undefined && restartCount === 0;
      }, "its container has ended and is not started again");
    },
  );

  await t.step("the next replica removes it", async () => {
    await release.upgrade(SAMPLE_GALLERY, "poolSize=1", "api.replicas=1");
    await release.untilFull(1);
  });

  await t.step(
    "uninstalling removes the claimed pods, too, but nothing of the user's",
    async () => {
      const secret = ["create", "secret", "generic", "people", inWorkers, "--from-literal=a=b"];
      assert((await kubectl(secret)).ok);
      await claim(release, 600_000);
      await release.uninstall();
      await eventually(
        async () => (await leftovers(release)).length === 1,
        "one object is left",
        90_000,
      );
      assertEquals(await leftovers(release), [`${release.worker}: Secret/people`]);
      assert(await get("namespace", release.api), "The namespace of the api is left");
    },
  );
});

/** Claims the free pod with the api's rights, as a replica does that dies then; returns its uid. */
async function claim(installed: Release, leaseMs: number): Promise<string> {
  const { release, api, worker } = installed;
  const inWorkers = `--namespace=${worker}`;
  const account = await installed.as(api, `${release}-api`);
  const pool = await account(["get", "configmap", `${release}-pool`, inWorkers, "--output=json"]);
  const owner = { name: `${release}-pool`, uid: JSON.parse(pool.text).metadata.uid };
  const pod = readPod((await installed.workers()).find(isFree)!);
  const now = Date.now();
  const claim: Claim = { id: crypto.randomUUID(), by: "a dead replica", deadline: now + leaseMs };
  const patch = JSON.stringify(claimPatch(pod, claim, owner, now));
  const args = ["patch", "pod", pod.name, inWorkers, "--type=json", `--patch=${patch}`];
  const { ok, text } = await account(args);
  assert(ok, text);
  return pod.uid;
}
