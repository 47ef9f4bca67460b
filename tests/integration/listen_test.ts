// The addresses on which both services listen, with real processes.

import { assertEquals, assertMatch } from "@std/assert";
import { fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { postTo, readAnswer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { eventually } from "../support/eventually.ts";
import { sample } from "../support/pictures.ts";
import { RawConnection } from "../support/raw_http.ts";
import { Service } from "../support/service.ts";

/** Settings of a worker that is started by hand. */
const WORKER_ENV = {
  WORKER_NAME: "worker-1",
  WORKER_TOKEN_PUBLIC_KEYS: fakeTokenKeys().publicPem,
  EMBEDDINGS_PATH: LOCAL_PATHS.gallery,
  MODEL_PATH: LOCAL_PATHS.recognition,
  DETECTOR_PATH: LOCAL_PATHS.detector,
  LANDMARKS_PATH: LOCAL_PATHS.landmarks,
};
const WORKER = ["run", "-q", "-P=worker", "worker/main.ts"];

/** Returns the address of the service, with another host. */
function withHost(service: Service, host: string): URL {
  return new URL(`http://${host}:${service.url.port}`);
}

Deno.test("without HOST, the service listens only on 127.0.0.1", async () => {
  await using service = new Service({ HOST: "" });
  await service.untilReady();
  assertEquals(service.log.find(({ msg }) => msg === "listening")!["hostname"], "127.0.0.1");
});

Deno.test("on ::, the api answers on IPv4 and on IPv6, under every name", async () => {
  await using service = await Service.ready({ HOST: "::", ALLOW_ANONYMOUS: "true" });
  const picture = await sample("user1_similar.png");
  for (const host of ["127.0.0.1", "[::1]", "localhost"]) {
    const { status, text } = await postTo(withHost(service, host), picture);
    assertEquals([status, JSON.parse(text).user_id], [200, "user1"], host);
  }
});

Deno.test("on ::1, the api answers under the names of this machine", async () => {
  await using service = new Service({ HOST: "::1" });
  await service.untilListening();
  const url = withHost(service, "[::1]");
  await eventually(
    async () => (await readAnswer(fetch(new URL("/ready", url)))).status === 200,
    "the service is ready",
  );
  const picture = await sample("user1_similar.png");
  const post = async (host: string) => {
    using connection = await RawConnection.open(url);
    await connection.send(
      `POST /authenticate HTTP/1.1\r\nHost: ${host}:${url.port}\r\n` +
        `Content-Length: ${picture.byteLength}\r\n\r\n`,
      picture,
    );
    return (await connection.answer())!;
  };
  for (const host of ["[::1]", "localhost"]) assertEquals((await post(host)).status, 200, host);
  assertProblem(await post("face-it.test"), "unknown_host");
});

Deno.test("on ::, a worker answers on IPv4 and on IPv6", async () => {
  await using worker = new Service({ ...WORKER_ENV, HOST: "::" }, WORKER);
  await worker.untilReady();
  assertMatch(worker.out, /^\{"listening":"http:\/\/\[::\]:\d+"\}\n/);
  const picture = await sample("user1_similar.png");
  for (const host of ["127.0.0.1", "[::1]"]) {
    // The worker looks at the token before it looks at the picture.
    assertProblem(await postTo(withHost(worker, host), picture), "unauthorized");
  }
});
