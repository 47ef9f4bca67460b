import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CHECKOUT_MODEL } from "../support/checkout_model.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { sha256 } from "../../shared/sha256.ts";
import { eventually } from "../support/eventually.ts";
import { sample, slowPicture } from "../support/pictures.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { Service } from "../support/service.ts";
import { assertRefusesToStart } from "../support/refuses_to_start.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"] as const;

Deno.test("no process is left when a signal ends the service", async () => {
  for (const signal of SIGNALS) {
    await using service = await Service.ready();
    await service.untilFull();
    const code = await service.stop(signal);
    assertEquals(code, signal === "SIGKILL" ? 137 : 0, signal);
    await service.leavesNothing();
  }
});

Deno.test("no process is left when the service ends while its workers start", async () => {
  for (const signal of SIGNALS) {
    await using service = new Service({ POOL_SIZE: "3" });
    await eventually(async () => (await service.workers()).length === 3, "three workers start");
    const code = await service.stop(signal);
    // Before the service handles signals, the signal itself ends the process.
    assert(code === (signal === "SIGKILL" ? 137 : 0) || code > 128, `${signal}: ${code}`);
    await service.leavesNothing();
    assert(!service.out.includes("ready"), "The service was ready before the signal");
  }
});

Deno.test("no process is left when the service is killed during a request", async () => {
  const picture = await slowPicture();
  await using service = await Service.ready();
  const answer = service.post(picture).catch(() => "gone");
  await untilMetric(service, "face_it_pool_busy", 1);
  await service.stop("SIGKILL");
  assertEquals(await answer, "gone");
  await service.leavesNothing();
});

Deno.test("no process is left when a worker's start hangs", async () => {
  await using service = new Service();
  await eventually(async () => (await service.workers()).length === 2, "two workers start");
  for (const worker of await service.workers()) Deno.kill(worker, "SIGSTOP");
  assertEquals(await service.stop(), 0);
  await service.leavesNothing();
});

Deno.test("on SIGTERM a running request is answered, and waiting requests are refused immediately", async () => {
  const picture = await slowPicture();
  await using service = await Service.ready({ POOL_SIZE: "1" });
  const running = service.post(picture);
  await untilMetric(service, "face_it_pool_busy", 1);
  const waiting = [service.post(picture), service.post(picture)];
  await untilMetric(service, "face_it_pool_waiters", 2);
  const ended: string[] = [];
  void running.then(() => ended.push("running"), () => {});
  void Promise.all(waiting).then(() => ended.push("waiting"), () => {});

  service.kill("SIGTERM");
  for (const answer of await Promise.all(waiting)) {
    assertStringIncludes(assertProblem(answer, "no_worker_available"), "shutting down");
    assert(Number(answer.headers.get("Retry-After")) >= 1);
  }
  const ready = await service.get("/ready");
  assertEquals([ready.status, ready.text], [503, '{"status":"unavailable"}']);
  const late = await service.post(await sample("user1.png"));
  assertStringIncludes(assertProblem(late, "no_worker_available"), "shutting down");

  const { status, text } = await running;
  assertEquals(status, 200);
  assertEquals(JSON.parse(text).user_id, "user1");
  assertEquals(ended, ["waiting", "running"]);
  assertEquals(await service.exitCode(), 0);
  await service.leavesNothing();
});

Deno.test("a second SIGTERM or SIGINT stops the service without waiting for running requests", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await using service = await Service.ready({ POOL_SIZE: "1" });
    const [worker] = await service.workers();
    Deno.kill(worker!, "SIGSTOP");
    const answer = service.post(await sample("user1.png")).catch(() => "gone");
    await untilMetric(service, "face_it_pool_busy", 1);
    service.kill(signal);
    await eventually(
      () => service.log.some(({ msg }) => msg === "shutting down"),
      "the service begins to shut down",
    );
    service.kill(signal);
    assertEquals(await service.exitCode(), 1);
    assertEquals(await answer, "gone");
    // A stopped worker cannot notice that the service has ended. After SIGCONT, the worker can.
    Deno.kill(worker!, "SIGCONT");
    await service.leavesNothing();
  }
});

Deno.test("the service refuses to start with a bad gallery, and the error names the wrong entry", async () => {
  const { embeddings } = JSON.parse(await Deno.readTextFile(LOCAL_PATHS.gallery));
  const [one, two] = embeddings;
  const zero = one.embedding.map(() => 0);
  const OTHER_MODEL = "0a".repeat(32);
  const cases = [
    ["{", "The gallery is not valid JSON"],
    ["[]", 'The gallery has no list "embeddings"'],
    [
      JSON.stringify({ model_sha256: OTHER_MODEL, embeddings: [one, two] }),
      `The gallery was made with another recognition model (sha256 ${OTHER_MODEL})`,
    ],
    [gallery(one, { ...two, embedding: [1, 2] }), 'entry 1 ("user2"): the embedding has 2 numbers'],
    [gallery({ ...one, embedding: [null, ...zero.slice(1)] }), 'entry 0 ("user1"): the embedding'],
    [gallery({ ...one, embedding: zero }).replace("[0,", "[NaN,"), "not valid JSON"],
    [gallery(one, two, { ...one, embedding: zero }), 'entry 2 ("user1"): the embedding is zero'],
    [gallery(one, { ...one, name: "User Won" }), 'entry 1 ("user1"): the user_id has two names'],
  ] as const;
  await using folder = await temporaryFolder();
  for (const [content, message] of cases) {
    const EMBEDDINGS_PATH = await folder.write("gallery.json", content);
    await assertRefusesToStart({ EMBEDDINGS_PATH }, message);
  }
  const missing = folder.path("missing.json");
  await assertRefusesToStart({ EMBEDDINGS_PATH: missing }, `The gallery ${missing} cannot be read`);
});

Deno.test("with an empty gallery the service starts and matches nobody", async () => {
  await using folder = await temporaryFolder();
  const EMBEDDINGS_PATH = await folder.write("gallery.json", gallery());
  await using service = await Service.ready({ EMBEDDINGS_PATH });
  const { status, text } = await service.post(await sample("user1.png"));
  assertEquals([status, JSON.parse(text).matched], [200, false]);
});

Deno.test("the service refuses to start with a missing or damaged model, and the error names the model", async () => {
  await using folder = await temporaryFolder();
  const half = (await Deno.readFile(LOCAL_PATHS.recognition)).subarray(0, 100_000);
  const damaged = await folder.write("damaged.onnx", half);
  const missing = folder.path("missing.onnx");
  const cases = [
    [{ MODEL_PATH: missing }, `The model ${missing} cannot be read`],
    [{ LANDMARKS_PATH: missing }, `The model ${missing} cannot be read`],
    [{ MODEL_PATH: damaged, MATCH_ON: "cosine" }, "The recognition model cannot be loaded"],
    [{ DETECTOR_PATH: damaged }, "The face detection model"],
    [{ DETECTOR_PATH: LOCAL_PATHS.landmarks }, "The face detection model's shapes"],
  ] as const;
  for (const [env, message] of cases) await assertRefusesToStart(env, message);
});

Deno.test("a model without a built-in calibration needs MATCH_ON=cosine or MODEL_CALIBRATION", async () => {
  await using folder = await temporaryFolder();
  const model = await Deno.readFile(LOCAL_PATHS.recognition);
  // A field that ONNX does not define changes the checksum, but not the network.
  const unknown = new Uint8Array([...model, 0xa0, 0x06, 0x01]);
  const MODEL_PATH = await folder.write("model.onnx", unknown);
  await assertRefusesToStart({ MODEL_PATH }, "no calibration: set MODEL_CALIBRATION");
  const numbers = { fitted_mean_cosine: 0.0221, fitted_dimension: 79.9 };
  const { quality } = CHECKOUT_MODEL.calibration;
  const content = JSON.stringify({ model_sha256: await sha256(unknown), ...numbers, quality });
  const calibration = await folder.write("calibration.json", content);
  const sampleGallery = JSON.parse(await Deno.readTextFile(LOCAL_PATHS.gallery));
  const named = { ...sampleGallery, model_sha256: await sha256(unknown) };
  const EMBEDDINGS_PATH = await folder.write("gallery.json", JSON.stringify(named));
  for (
    const env of [
      { MATCH_ON: "cosine", MATCH_THRESHOLD: "0.4" },
      { MODEL_CALIBRATION: calibration },
    ]
  ) {
    await using service = await Service.ready({ MODEL_PATH, EMBEDDINGS_PATH, ...env });
    const { text } = await service.post(await sample("user1_similar.png"));
    assertEquals(JSON.parse(text).user_id, "user1");
  }
  await assertRefusesToStart({ MODEL_CALIBRATION: calibration }, "belongs to another model");
  const bad = await folder.write("bad.json", JSON.stringify(numbers));
  await assertRefusesToStart({ MODEL_PATH, MODEL_CALIBRATION: bad }, `The calibration ${bad}`);
  const old = await folder.write(
    "old.json",
    JSON.stringify({
      model_sha256: await sha256(unknown),
      mean_impostor_cosine: 0.0221,
      effective_dimension: 79.9,
      quality,
    }),
  );
  await assertRefusesToStart(
    { MODEL_PATH, MODEL_CALIBRATION: old },
    `The calibration ${old} was made by an older version. Its thresholds accept more strangers ` +
      'than they promise. Run "deno task calibrate" again',
  );
});

Deno.test("the service refuses to start with a bad variable, and a one-line error names it", async () => {
  const cases: Record<string, string[]> = {
    PORT: ["http", "65536", "-1"],
    POOL: ["threads"],
    POOL_SIZE: ["0"],
    QUEUE_LIMIT: ["many"],
    REQUESTS_PER_WORKER: ["0"],
    LOG_LEVEL: ["loud"],
  };
  for (const [name, values] of Object.entries(cases)) {
    for (const value of values) {
      await using service = new Service({ [name]: value });
      assertEquals(await service.exitCode(), 1, `${name}=${value}`);
      await service.leavesNothing();
      assertEquals(service.lines.length, 1, service.lines.join("\n"));
      assertMatch(service.lines[0]!, new RegExp(`^Bad environment: ${name}: `));
    }
  }
});

Deno.test("the service refuses to start with a bad variable of the workers, and the error names it", async () => {
  for (const [name, value] of [["MATCH_THRESHOLD", "1.5"], ["MATCH_ON", "luck"]] as const) {
    await assertRefusesToStart({ [name]: value }, `Bad environment: ${name}: `);
  }
});

Deno.test("the service refuses to start on a port that is in use, and the error names the port", async () => {
  await using first = await Service.ready({ POOL_SIZE: "1" });
  await assertRefusesToStart({ PORT: first.url.port }, first.url.port);
});

async function untilMetric(service: Service, name: string, value: number): Promise<void> {
  await eventually(async () => await service.metric(name) === value, `${name} is ${value}`);
}

const gallery = (...embeddings: unknown[]): string => JSON.stringify({ embeddings });
