import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { kubectl } from "../support/kubectl.ts";
import { needs } from "../support/needs.ts";
import { sample } from "../support/pictures.ts";
import { startPostgres } from "../support/postgres.ts";
import { startTcpForwarder } from "../support/tcp_forwarder.ts";
import { openDocsShell } from "./docs_shell.ts";
import { startLoad } from "./mixed_load.ts";
import { nodeAddress, reachedFrom } from "./reach.ts";
import { openRelease } from "./release.ts";
import { openUsers } from "./users.ts";

const POOL_SIZE = 2;
const VALUES = [
  `poolSize=${POOL_SIZE}`,
  "api.replicas=1",
  "limits.requestTimeoutMs=12000",
];

needs("helm", "node", "postgres")("the gallery service with PostgreSQL on a cluster", async (t) => {
  await using release = await openRelease(...VALUES);
  const { client, release: name, worker, post } = release;
  await using postgres = await startPostgres();
  const local = new URL(await postgres.newDatabase());
  await using forwarder = await startTcpForwarder(local, await nodeAddress(release));
  const database = new URL(local);
  database.host = forwarder.url.host;
  await using shell = await openDocsShell(release, [[/\bDATABASE_URL\b/g, database.href]]);
  await release.untilFull(POOL_SIZE);
  await release.untilServing();
  const users = await openUsers(release);
  const similar = await sample("user1_similar.png");
  const galleries = () =>
    client.list(
      "Pod",
      worker,
      `app.kubernetes.io/component=gallery-service,app.kubernetes.io/instance=${name}`,
    );

  await t.step("users move from the volume to PostgreSQL", async () => {
    await users.enrol("ada", await sample("user1.png"));
    await shell.runSection("### Back up the volume");
    await shell.runSection("### Move the volume to PostgreSQL", /^helm |^kubectl .* exec |delete/);
    await release.upgrade(
      ...VALUES,
      "gallery.postgres.secret=gallery-database",
      "gallery.replicas=2",
      `networkPolicy.databasePorts={${database.port}}`,
    );
    await release.rolledOut();
    assertEquals(await users.list(), new Map([["ada", 1]]));
    await release.untilFull(POOL_SIZE);
    assertEquals(JSON.parse((await post(similar)).text).user_id, "ada");
  });

  await t.step("a killed replica of two loses nothing", async () => {
    await release.untilFull(POOL_SIZE);
    const load = startLoad(users, () => post(similar, { query: { user_id: "ada" } }), "killed");
    await load.untilServed();
    const [pod] = await galleries();
    const force = ["--grace-period=0", "--force"];
    await kubectl("delete", "pod", pod!.metadata.name, `--namespace=${worker}`, ...force);
    await load.untilServed();
    await release.rolledOut();
    await load.untilServed();
    const { created } = await load.stop();
    const present = await users.list();
    assertEquals(created.filter((id) => !present.has(id)), []);
    assertEquals(present.get("ada"), 1);
  });

  await t.step("a deletion counts at once, on every replica", async () => {
    await eventually(async () => (await galleries()).length === 2, "two replicas are left");
    assertEquals((await users.call("DELETE", "/users/ada")).status, 204);
    for (let i = 0; i < 4; i++) {
      await release.untilFull(POOL_SIZE);
      assertEquals(JSON.parse((await post(similar)).text).matched, false);
    }
  });

  await t.step({
    name: "a replica reaches its database alone",
    ignore: Deno.env.get("FACE_IT_TEST_NETWORK_POLICIES") !== "1",
    async fn() {
      const [pod] = await galleries();
      const apis = await client.list("Pod", release.api, `app.kubernetes.io/instance=${name}`);
      const { spec } = (await client.get("Service", "kubernetes", "default"))!;
      const reached = await reachedFrom(
        { namespace: worker, name: pod!.metadata.name },
        {
          "the database": database.host,
          "the API server": `${spec.clusterIP}:443`,
          "the api": `${apis[0]!.status.podIP}:8080`,
          "another replica": `${(await galleries())[1]!.status.podIP}:8080`,
        },
      );
      assertEquals(reached, ["the database"]);
    },
  });
});
