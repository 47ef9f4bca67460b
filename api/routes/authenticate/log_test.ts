// The log lines of POST /authenticate.

import { assertEquals } from "@std/assert";
import { assertProblem, createFakeApp, leaseStates } from "../../fake_app.ts";
import { MATCH } from "../../../shared/contract/fake_answers.ts";
import { answering } from "./fake_worker_client.ts";

Deno.test("an unexpected failure is an internal error, and only the log has its detail", async () => {
  const { post, pool, lines } = createFakeApp({
    workers: [() => {
      throw new TypeError("gallery of Ms Secret");
    }],
  });
  assertEquals((await assertProblem(await post(), "internal")).includes("Secret"), false);
  assertEquals(leaseStates(pool), ["destroyed"]);
  assertEquals(
    lines.find(({ level }) => level === "error")?.["error"],
    "TypeError: gallery of Ms Secret",
  );
});

Deno.test("the log has the outcome of a request, but not the recognised user", async () => {
  const { post, lines } = createFakeApp({ workers: [answering(MATCH)] });
  await (await post({}, "/authenticate?user_id=user1")).body?.cancel();
  assertEquals(lines, [{
    level: "info",
    request_id: "request-1",
    method: "POST",
    path: "/authenticate",
    status: 200,
    duration_ms: 0,
    outcome: "matched",
    worker_ms: 29,
    msg: "request",
  }]);
});
