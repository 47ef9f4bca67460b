// The log lines of POST /authenticate.

import { assertEquals } from "@std/assert";
import { assertProblem, createFakeApp, leaseStates, PNG } from "../../fake_app.ts";
import { MATCH } from "../../../shared/contract/fake_answers.ts";
import { answering } from "../../recognition/fake_worker_client.ts";

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
  assertEquals(lines.filter(({ msg }) => msg === "request"), [{
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

Deno.test("no header, query or body of a request reaches the log, with every kind of answer", async () => {
  const marker = "S3cretMarker";
  const headers = {
    "Authorization": `Bearer ${marker}`,
    "Cookie": `session=${marker}`,
    "Referer": `https://${marker}.test/`,
    "X-Api-Key": marker,
    "X-Request-Id": `bad id ${marker}`,
    "X-Forwarded-For": marker,
  };
  const form = new FormData();
  form.set(marker, marker);
  form.set("image", new File([marker], `${marker}.png`));
  const bodies: [string, BodyInit][] = [
    ["application/json", JSON.stringify({ image_base64: marker, user_id: marker })],
    ["application/json", JSON.stringify({ [marker]: marker })],
    ["application/json", `{"image_base64": ${marker}}`],
    [`application/json; charset=${marker}`, marker],
    [`multipart/form-data; boundary=${marker}`, `--${marker}\r\n${marker}`],
    [`text/${marker}`, marker],
    ["image/png", marker],
  ];
  const paths = [
    `/authenticate?user_id=${marker}`,
    `/authenticate?${marker}`,
    `/authenticate?user_id=${marker}&user_id=2`,
    `/nothing?token=${marker}`,
    `/nothing%3Ftoken=${marker}`,
    `/health?${marker}=1`,
    `/docs?${marker}`,
  ];
  const { app, lines } = createFakeApp({
    free: 1000,
    workers: Array.from({ length: 1000 }, () => () => {
      throw new SyntaxError(`Unexpected token 'S', "${marker}" is not valid JSON`);
    }),
  });
  const call = async (path: string, init: RequestInit) =>
    await (await app.fetch(new Request(`http://face-it.test${path}`, init))).body?.cancel();
  let calls = 0;
  for (const path of paths) {
    for (const method of ["GET", "PUT"]) await call(path, { method, headers });
    for (const [type, body] of bodies) {
      await call(path, { method: "POST", headers: { ...headers, "Content-Type": type }, body });
    }
    await call(path, { method: "POST", headers, body: form });
    await call(path, { method: "POST", headers, body: PNG });
    calls += bodies.length + 4;
  }
  assertEquals(lines.filter(({ msg }) => msg === "request").length, calls);
  assertEquals(lines.filter((line) => JSON.stringify(line).includes(marker)), []);
});
