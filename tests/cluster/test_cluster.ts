/** Whether there is a cluster that tests may play with. */

const given = Deno.env.get("FACE_IT_TEST_CLUSTER") === "1";
const required = Deno.env.get("FACE_IT_REQUIRE_CLUSTER") === "1";
const HOW = "they need FACE_IT_TEST_CLUSTER=1 and KUBECONFIG to a cluster that tests may play " +
  "with, such as one made by kind";

if (!given && !required) console.warn(`The cluster tests are skipped: ${HOW}`);

/** Registers a test that needs a cluster. It is skipped without one, or fails where it must not be. */
export function clusterTest(name: string, body: () => Promise<void>): void {
  Deno.test(name, { ignore: !given && !required }, async () => {
    if (!given) throw new Error(`The cluster tests must not be skipped: ${HOW}`);
    await body();
  });
}
