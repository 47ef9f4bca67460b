// The routes of users, with the real gallery service and real workers.

import { assert, assertEquals } from "@std/assert";
import sharp from "sharp";
import type { ProblemCode } from "../../shared/contract/problem.ts";
import { EnrolledTemplateSchema, UserExportSchema } from "../../shared/contract/users.ts";
import type { Answer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { encoded, farAway, gray, type Picture, sample, sideBySide } from "../support/pictures.ts";
import { RawConnection } from "../support/raw_http.ts";
import { Service } from "../support/service.ts";

const start = () => Service.ready({ GALLERY_MODE: "service", REQUESTS_PER_WORKER: "1000" });

const put = (service: Service, userId: string): Promise<Answer> =>
  service.get(`/users/${encodeURIComponent(userId)}`, {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: "Ada" }),
  });

const enrol = (service: Service, userId: string, body: Picture, query = ""): Promise<Answer> =>
  service.get(`/users/${encodeURIComponent(userId)}/templates${query}`, { method: "POST", body });

const remove = (service: Service, userId: string): Promise<Answer> =>
  service.get(`/users/${encodeURIComponent(userId)}`, { method: "DELETE" });

async function recognise(service: Service, picture: Picture): Promise<unknown> {
  const { status, text } = await service.post(picture);
  assertEquals(status, 200, text);
  return JSON.parse(text).user_id;
}

Deno.test("a person is recognised by the request after the enrolment, and by none after the deletion", async () => {
  await using service = await start();
  const picture = await sample("different.png");
  assertEquals(await recognise(service, picture), undefined);
  for (const userId of ["ada", "a/b", "100%", "%2F", "用户 1", "#?&"]) {
    assertProblem(await enrol(service, userId, picture), "user_not_found");
    assertEquals((await put(service, userId)).status, 201);
    const added = await enrol(service, userId, picture);
    assertEquals(added.status, 201, added.text);
    const { template_id, quality } = EnrolledTemplateSchema.parse(JSON.parse(added.text));
    assert(quality.embedding_length > 1 && Math.abs(quality.roll_degrees) < 45, added.text);
    assertEquals(await recognise(service, picture), userId);

    // The same photo makes one template.
    const again = await enrol(service, userId, picture);
    assertEquals([again.status, JSON.parse(again.text).template_id], [200, template_id]);
    const path = `/users/${encodeURIComponent(userId)}`;
    const exported = UserExportSchema.parse(JSON.parse((await service.get(`${path}/export`)).text));
    assertEquals([exported.user_id, exported.templates.length], [userId, 1]);
    assert(exported.last_seen_at !== null);

    const template = `${path}/templates/${template_id}`;
    assertEquals((await service.get(template, { method: "DELETE" })).status, 204);
    assertEquals(await recognise(service, picture), undefined);
    assertEquals((await enrol(service, userId, picture)).status, 201);
    assertEquals(await recognise(service, picture), userId);
    assertEquals((await remove(service, userId)).status, 204);
    assertEquals(await recognise(service, picture), undefined);
  }
});

Deno.test("a picture that would let strangers in makes no template", async () => {
  await using service = await start();
  await put(service, "ada");
  const user3 = sharp(await sample("user3.png"));
  const cases: [ProblemCode, Picture][] = [
    ["no_face", await gray(400, 400)],
    ["multiple_faces", await sideBySide()],
    ["face_too_small", await farAway()],
    ["face_unclear", await encoded(user3.clone().blur(8).png())],
    // POST /authenticate would turn this picture.
    ["face_not_upright", await encoded(user3.clone().rotate(90).png())],
    ["belongs_to_another_user", await sample("user1_similar.png")],
  ];
  for (const [code, picture] of cases) assertProblem(await enrol(service, "ada", picture), code);
  assertEquals(JSON.parse((await service.get("/users/ada")).text).templates, []);

  assertEquals((await enrol(service, "ada", await sample("different.png"))).status, 201);
  const unlike = await encoded(sharp(await sample("user2.png")).jpeg());
  assertProblem(await enrol(service, "ada", unlike), "not_the_same_person");
  assertProblem(await enrol(service, "ada", unlike, "?force=true"), "not_the_same_person");
});

Deno.test('the user_ids "." and ".." reach the gallery as user_ids', async () => {
  await using service = await start();
  using connection = await RawConnection.open(service.url);
  const ask = async (method: string, path: string, body = "") => {
    await connection.send(
      `${method} ${path} HTTP/1.1\r\nHost: ${service.url.host}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    return (await connection.answer())!;
  };
  for (const [path, userId] of [["%2E", "."], ["%2e%2e", ".."], [".", "."], ["..", ".."]]) {
    const put = await ask("PUT", `/users/${path}`, '{"name":"Ada"}');
    assertEquals([put.status, JSON.parse(put.text).user_id], [201, userId!], put.text);
    const read = await ask("GET", `/users/${path}`);
    assertEquals([read.status, JSON.parse(read.text).user_id], [200, userId!]);
    assertEquals((await ask("DELETE", `/users/${path}`)).status, 204);
    assertProblem(await ask("GET", `/users/${path}`), "user_not_found");
  }
});
