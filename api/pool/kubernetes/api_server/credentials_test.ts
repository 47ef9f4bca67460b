import { HttpMethod, KubeConfig, RequestContext } from "@kubernetes/client-node";
import { assert, assertEquals } from "@std/assert";
import { temporaryFolder } from "../../../../tests/support/temporary_folder.ts";
import { ClusterCredentials } from "./credentials.ts";

/** Credentials of a configuration that names files, as a service account's does. */
async function open() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder({ "ca.crt": "first", token: "one" }));
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    {
      name: "test",
      server: "https://127.0.0.1:1",
      caFile: folder.path("ca.crt"),
      skipTLSVerify: false,
    },
    {
      name: "test",
      authProvider: { name: "tokenFile", config: { tokenFile: folder.path("token") } },
    },
  );
  const credentials = await ClusterCredentials.from(config);
  stack.defer(() => credentials.destroy());
  /** Reads the files again, and returns the header with the token. */
  const renew = async () => {
    credentials.renew();
    const context = new RequestContext("https://127.0.0.1:1/", HttpMethod.GET);
    await credentials.applySecurityAuthentication(context);
    assertEquals(context.getDispatcher(), credentials.agent);
    return context.getHeaders()["Authorization"];
  };
  const moved = stack.move();
  return { folder, credentials, renew, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

Deno.test("when the cluster's certificate authority has changed, calls use new connections", async () => {
  await using opened = await open();
  const { folder, credentials, renew } = opened;
  const first = credentials.agent;
  await renew();
  assertEquals(credentials.agent, first);
  await folder.write("ca.crt", "second");
  await renew();
  assert(credentials.agent !== first);
  assert(first.closed, "the old connections are closed when their calls have ended");
});

Deno.test("while the file of the certificate authority is missing, the last one stays in use", async () => {
  await using opened = await open();
  const { folder, credentials, renew } = opened;
  await renew();
  const first = credentials.agent;
  await Deno.remove(folder.path("ca.crt"));
  assertEquals(await renew(), "Bearer one");
  assertEquals(credentials.agent, first);
});

Deno.test("a token that has changed is used", async () => {
  await using opened = await open();
  const { folder, renew } = opened;
  assertEquals(await renew(), "Bearer one");
  await folder.write("token", "two");
  assertEquals(await renew(), "Bearer two");
});
