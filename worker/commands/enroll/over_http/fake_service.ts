/** A service for tests of the command. It has users and templates, and accepts every photo. */

import { Hono } from "hono";
import { canonicalModel } from "../../../../models/known_models.ts";
import { PROBLEMS } from "../../../../shared/contract/problem.ts";
import { sha256 } from "../../../../shared/sha256.ts";

type ProblemCode = keyof typeof PROBLEMS;

/** An answer that the fake service gives instead of its own. */
export type ForcedAnswer = Response | ProblemCode | undefined;

/** A user of the fake service: the name, and the template of each photo by its sha256 and model. */
export interface FakeUser {
  name: string;
  readonly templates: Map<string, string>;
}

/** The recognition model that the fake service has at first. */
const FAKE_MODEL = "ab".repeat(32);

/** A fake service that listens on this machine. */
export interface FakeService extends AsyncDisposable {
  readonly url: URL;
  readonly users: Map<string, FakeUser>;
  /** Method and decoded path of each request so far, without GET /metrics and GET /models. */
  readonly requests: string[];
  /** Largest number of photos that were in progress at the same time. */
  readonly most: { photos: number };
  /** Returns the answer to a request; undefined for the ordinary one. */
  force: (request: string) => ForcedAnswer;
  /** Text of GET /metrics; undefined: the path does not exist. */
  metrics: string | undefined;
  /** sha256 of the recognition model in use. */
  model: string;
  /** False when GET /models does not tell the model. */
  tellsModel: boolean;
}

/** Makes the answer of a code, as the api does. */
export function problem(code: ProblemCode, headers: Record<string, string> = {}): Response {
  const { status, title } = PROBLEMS[code];
  const body = {
    type: "about:blank",
    title,
    status,
    detail: `${title}, in words`,
    code,
    request_id: "request-0",
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
}

/** Starts the fake service. */
export function startFakeService(): FakeService {
  const users = new Map<string, FakeUser>();
  const requests: string[] = [];
  const most = { photos: 0 };
  let photos = 0;
  let templates = 0;
  const app = new Hono();
  app.get(
    "/metrics",
    (c) => fake.metrics === undefined ? problem("not_found") : c.text(fake.metrics),
  );
  app.get("/models", (c) => {
    const { model: sha256, tellsModel } = fake;
    const model = { use: "recognition", name: null, licence: null, sha256 };
    const rest = { match: null, calibration: null, templates: null };
    return c.json({ models: tellsModel ? [model] : [], ...rest });
  });
  app.use("/users/*", async (c, next) => {
    const request = `${c.req.method} ${decodeURIComponent(new URL(c.req.url).pathname)}`;
    requests.push(request);
    const forced = fake.force(request);
    if (forced === undefined) return await next();
    await c.req.arrayBuffer();
    return typeof forced === "string" ? problem(forced) : forced;
  });
  app.get("/users/:id", (c) => {
    const user = users.get(c.req.param("id"));
    if (user === undefined) return problem("user_not_found");
    const templates = user.templates.entries().map(([photo, template_id]) => ({
      template_id,
      model: photo.split(" ")[1],
    }));
    return c.json({ name: user.name, templates: [...templates] });
  });
  app.put("/users/:id", async (c) => {
    const { name } = await c.req.json();
    const user = users.get(c.req.param("id"));
    if (user === undefined) users.set(c.req.param("id"), { name, templates: new Map() });
    else user.name = name;
    return c.json({}, user === undefined ? 201 : 200);
  });
  app.post("/users/:id/templates", async (c) => {
    most.photos = Math.max(most.photos, ++photos);
    try {
      const { model } = fake;
      const photo = await sha256(new Uint8Array(await c.req.arrayBuffer()));
      const digest = `${photo} ${canonicalModel(model)}`;
      const user = users.get(c.req.param("id"));
      if (user === undefined) return problem("user_not_found");
      const known = user.templates.get(digest);
      if (known !== undefined) return c.json({ template_id: known, model }, 200);
      const template_id = `template-${++templates}`;
      user.templates.set(digest, template_id);
      return c.json({ template_id, model }, 201);
    } finally {
      photos--;
    }
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    app.fetch,
  );
  const fake: FakeService = {
    url: new URL(`http://127.0.0.1:${server.addr.port}`),
    users,
    requests,
    most,
    force: () => undefined,
    metrics: "face_it_pool_free 3\nface_it_pool_busy 1\n",
    model: FAKE_MODEL,
    tellsModel: true,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return fake;
}
