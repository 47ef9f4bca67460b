import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { CHART, helm } from "../support/helm.ts";
import { kubectl } from "../support/kubectl.ts";
import { leftovers } from "../support/leftovers.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { readAnswer } from "../support/answer.ts";
import { openDocsShell } from "./docs_shell.ts";
import { runProgram } from "../support/run_program.ts";
import { startLoad } from "./mixed_load.ts";
import { BASE, isReady, openRelease, type Release, SERVICE } from "./release.ts";
import { openUsers } from "./users.ts";

const POOL_SIZE = 2;
const VALUES = [`poolSize=${POOL_SIZE}`, "limits.requestTimeoutMs=12000"];

needs("helm", "helm4", "node")("the gallery service on a cluster", async (t) => {
  await using release = await openRelease(...VALUES);
  const { client, release: name, api, worker, post } = release;
  await release.untilFull(POOL_SIZE);
  await release.untilServing();
  const users = await openUsers(release);
  const similar = await sample("user1_similar.png");
  const pod = `${name}-gallery-0`;

  await t.step("the key in the notes enrols, and callers without a key recognise", async () => {
    await users.enrol("ada", await sample("user1.png"));
    await release.untilFull(POOL_SIZE);
    for (const query of [{}, { user_id: "ada" }]) {
      const { matched, user_id } = JSON.parse((await post(similar, { query })).text);
      assertEquals([matched, user_id], [true, "ada"]);
    }
  });

  await t.step("everything but /authenticate needs a key", async () => {
    for (const path of ["/users", "/users/ada", "/models"]) {
      assertProblem(await readAnswer(fetch(new URL(path, SERVICE))), "unauthorized");
    }
  });

  await t.step("helm test passes", async () => {
    const { ok, text } = await helm(["test", name, "--timeout=120s"]);
    assert(ok, text);
  });

  await t.step("a killed pod costs only refusals that say when to try again", async () => {
    await release.untilFull(POOL_SIZE);
    const load = startLoad(users, () => post(similar, { query: { user_id: "ada" } }), "killed");
    await load.untilServed();
    for (const how of [["--grace-period=0", "--force"], ["--grace-period=15"]]) {
      const { uid } = (await client.get("Pod", pod, worker))!.metadata;
      await kubectl("delete", "pod", pod, `--namespace=${worker}`, ...how);
      await eventually(
        async () => {
          const next = await client.get("Pod", pod, worker);
          return next !== undefined && next.metadata.uid !== uid && isReady(next);
        },
        "another pod is Ready",
        60_000,
      );
      await load.untilServed();
    }
    const { created, answers } = await load.stop();
    assert(answers.some(({ status }) => status === 503), "The pod was never away");
    const present = await users.list();
    assertEquals(created.filter((id) => !present.has(id)), []);
    assertEquals(present.get("ada"), 1);
  });

  await t.step("an upgrade of the gallery under load loses nothing", async () => {
    await release.untilFull(POOL_SIZE);
    const load = startLoad(users, () => post(similar, { query: { user_id: "ada" } }), "upgraded");
    await load.untilServed();
    await release.upgrade(...VALUES, "threshold=0.8");
    await release.rolledOut();
    await load.untilServed();
    const { created } = await load.stop();
    const present = await users.list();
    assertEquals(created.filter((id) => !present.has(id)), []);
  });

  await t.step("neither Helm 3 nor Helm 4 changes a key", async () => {
    const before = await secrets(release);
    assertEquals(before.size, 5);
    const namespaces = [`namespaces.api=${api}`, `namespaces.worker=${worker}`];
    const set = [...BASE, ...namespaces, ...VALUES].flatMap((value) => ["--set", value]);
    for (const program of ["helm4", "helm"]) {
      const { ok, text } = await runProgram(program, ["upgrade", name, CHART, ...set]);
      assert(ok, text);
      assertEquals(await secrets(release), before);
    }
    await release.rolledOut();
    await release.untilServing();
    assertEquals((await users.list()).get("ada"), 1);
  });

  await using shell = await openDocsShell(release);
  await t.step("a backup is made while the service runs", async () => {
    await shell.runSection("### Back up the volume");
    assertEquals((await users.call("DELETE", "/users/ada")).status, 204);
    assertEquals((await users.call("PUT", "/users/late", { name: "Late" })).status, 201);
  });

  const volumeClaim = `PersistentVolumeClaim/data-${name}-gallery-0`;
  await t.step("uninstalling keeps the volume and the keys, and the notes say so", async () => {
    const { text } = await helm(["get", "notes", name]);
    assertStringIncludes(text.replaceAll(/\s+/g, " "), "Uninstalling keeps the users");
    assertStringIncludes(text, `data-${name}-gallery-0`);
    await release.uninstall();
    const kept = [
      ...["token-private", "api-keys", "admin-key", "test-key"]
        .map((key) => `${api}: Secret/${name}-${key}`),
      `${worker}: ConfigMap/${name}-token-public`,
      `${worker}: ${volumeClaim}`,
      `${worker}: Secret/${name}-template-keys`,
    ].sort();
    await eventually(
      async () => (await leftovers(release)).length === kept.length,
      "only the kept objects are left",
      90_000,
    );
    assertEquals((await leftovers(release)).sort(), kept);
  });

  await t.step("the next installation has the same users and keys", async () => {
    await release.upgrade(...VALUES);
    await release.rolledOut();
    await release.untilServing();
    const present = await users.list();
    assert(present.size > 2 && !present.has("ada"));
  });

  await t.step(
    "a restored backup has all that it had, but nobody who was deleted since",
    async () => {
      await shell.runSection("### Restore the volume");
      await eventually(
        async () => (await users.call("GET", "/users?limit=1")).status === 200,
        "the api reaches the next pod",
      );
      const present = await users.list();
      assert(present.size > 2 && !present.has("ada") && !present.has("late"), `${[...present]}`);
      await release.untilFull(POOL_SIZE);
      assertEquals(JSON.parse((await post(similar)).text).matched, false);
    },
  );
});

/** Returns the content of every Secret that the hook made. */
async function secrets({ client, api, worker }: Release): Promise<Map<string, unknown>> {
  const label = "app.kubernetes.io/managed-by=face-it";
  const lists = await Promise.all([api, worker].map((name) => client.list("Secret", name, label)));
  return new Map(lists.flat().map(({ metadata, data }) => [metadata.name, data]));
}
