import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { MODEL_MANIFEST } from "../../../../models/manifest.ts";
import { png } from "../../../../tests/support/png.ts";
import { temporaryFolder } from "../../../../tests/support/temporary_folder.ts";
import { NO_PROGRESS } from "../../../../shared/progress.ts";
import type { PersonToEnrol } from "../enroll.ts";
import { EnrolmentError } from "../name_users.ts";
import { sendCall } from "./call.ts";
import { enrolPeople, type EnrolPeopleSettings } from "./enrol_people.ts";
import { type FakeService, problem, startFakeService } from "./fake_service.ts";
import { createMemoryJournal, openJournal } from "./journal.ts";
import { createPatientCalls } from "./patient_calls.ts";
import { createService, ServiceError } from "./service.ts";

/** A photo that differs from the photo of every other number. */
const photo = (n: number): Uint8Array => png({ width: 1, height: 1 }, [[n, 0, 0]]);

/** Makes a folder with a person for each number of photos, and the people. */
async function peopleWith(...counts: readonly number[]) {
  const folder = await temporaryFolder();
  const people: PersonToEnrol[] = [];
  let n = 0;
  for (const [i, count] of counts.entries()) {
    const photos: string[] = [];
    for (let k = 0; k < count; k++) photos.push(await folder.write(`p${i}/${k}.png`, photo(n++)));
    people.push({ userId: `p${i}`, name: `Person ${i}`, photos });
  }
  return { folder, people, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] };
}

interface Options extends Partial<EnrolPeopleSettings> {
  readonly allowLookalikes?: boolean;
  readonly url?: URL;
  readonly key?: string;
}

/** Enrols into a fake service. No wait takes time. */
function enrol(
  fake: FakeService,
  people: readonly PersonToEnrol[],
  { allowLookalikes = false, url = fake.url, key, ...rest }: Options = {},
) {
  let time = 0;
  const call = createPatientCalls((request, signal) => sendCall(url, key, request, signal), {
    now: () => time,
    sleep: (ms, signal) => {
      time += ms;
      signal.throwIfAborted();
      return Promise.resolve();
    },
    random: () => 0.5,
  });
  return enrolPeople(people, {
    service: createService({ url, hasKey: key !== undefined, allowLookalikes, call }),
    journal: createMemoryJournal(),
    origin: url.origin,
    keyId: null,
    mayHaveOtherName: true,
    progress: NO_PROGRESS,
    ...rest,
  });
}

const outcomes = (results: Awaited<ReturnType<typeof enrolPeople>>) =>
  results.map(({ photos }) => photos.map(({ outcome }) => outcome));
const photosSent = ({ requests }: FakeService) =>
  requests.filter((request) => request.startsWith("POST")).length;

Deno.test("people are enrolled with their names, and the results have the order of the people", async () => {
  await using fake = startFakeService();
  await using made = await peopleWith(3, 0, 1, 2);
  const results = await enrol(fake, made.people);
  assertEquals(outcomes(results), [["new", "new", "new"], [], ["new"], ["new", "new"]]);
  assertEquals(results.map(({ hasTemplate }) => hasTemplate), [true, false, true, true]);
  // A person without a photo is not made.
  assertEquals([...fake.users.keys()].toSorted(), ["p0", "p2", "p3"]);
  assertEquals(fake.users.get("p0")!.name, "Person 0");
});

Deno.test("at most half of the workers are used", async () => {
  await using made = await peopleWith(...Array<number>(12).fill(2));
  for (
    const [metrics, most] of [
      ["face_it_pool_free 5\nface_it_pool_busy 2\n", 3],
      ["face_it_pool_free 1\nface_it_pool_busy 0\n", 1],
      ["face_it_pool_free 0\nface_it_pool_busy 0\n", 1],
      ["something else", 2],
      [undefined, 2],
    ] as const
  ) {
    await using fake = startFakeService();
    fake.metrics = metrics;
    await enrol(fake, made.people);
    assertEquals(photosSent(fake), 24);
    assert(fake.most.photos <= most, `${fake.most.photos} photos at once with ${metrics}`);
  }
});

Deno.test("what the journal and the service have is not sent again", async () => {
  await using fake = startFakeService();
  await using made = await peopleWith(2, 2);
  const journal = createMemoryJournal();
  await enrol(fake, made.people, { journal });
  fake.requests.length = 0;
  assertEquals(outcomes(await enrol(fake, made.people, { journal })), [
    ["known", "known"],
    ["known", "known"],
  ]);
  assertEquals(fake.requests.toSorted(), ["GET /users/p0", "GET /users/p1"]);

  // The service decides what it has: a template and a user are gone.
  const [digest] = fake.users.get("p0")!.templates.keys();
  fake.users.get("p0")!.templates.delete(digest!);
  fake.users.delete("p1");
  assertEquals(outcomes(await enrol(fake, made.people, { journal })), [
    ["new", "known"],
    ["new", "new"],
  ]);
  assertEquals(fake.users.get("p1")!.templates.size, 2);
});

Deno.test("a key that may not read users trusts the lines of its own in the journal", async () => {
  await using fake = startFakeService();
  await using made = await peopleWith(2);
  fake.force = (request) => request.startsWith("GET") ? "forbidden_scope" : undefined;
  const journal = createMemoryJournal();
  const run = async (keyId: string | undefined) => {
    fake.requests.length = 0;
    const results = outcomes(await enrol(fake, made.people, { journal, keyId }));
    return [results, photosSent(fake)];
  };
  // The first photo shows that the user is not there.
  assertEquals(await run("1"), [[["new", "new"]], 3]);
  assertEquals(await run("1"), [[["known", "known"]], 0]);
  assertEquals(await run("2"), [[["known", "known"]], 2]);
  // A token has no id.
  assertEquals(await run(undefined), [[["known", "known"]], 2]);
});

Deno.test("after a change of the model every photo is sent again, also when nobody tells the model", async () => {
  await using made = await peopleWith(2, 1);
  for (const tellsModel of [true, false]) {
    for (const mayRead of [true, false]) {
      await using fake = startFakeService();
      // One request at a time.
      fake.metrics = "face_it_pool_free 2\nface_it_pool_busy 0\n";
      fake.tellsModel = tellsModel;
      fake.force = (request) =>
        request.startsWith("GET") && !mayRead ? "forbidden_scope" : undefined;
      const journal = createMemoryJournal();
      const run = async () => {
        fake.requests.length = 0;
        const results = outcomes(await enrol(fake, made.people, { journal, keyId: "1" })).flat();
        return [results.filter((outcome) => outcome === "new").length, photosSent(fake)];
      };
      await run();
      // The first photo tells the model.
      assertEquals(await run(), [0, tellsModel ? 0 : 1]);
      fake.model = "cd".repeat(32);
      assertEquals(await run(), [3, 3]);
      assertEquals(await run(), [0, tellsModel ? 0 : 1]);
      const lines = ["p0", "p1"].map((userId) => journal.of(fake.url.origin, userId).length);
      assertEquals(lines, [4, 2]);

      // A template of another model does not recognise the person.
      fake.model = "ef".repeat(32);
      const force = fake.force;
      fake.force = (request) =>
        request === "POST /users/p1/templates" ? "face_unclear" : force(request);
      const [first, second] = await enrol(fake, made.people, { journal, keyId: "1" });
      assertEquals([first!.hasTemplate, second!.hasTemplate], [true, false]);
    }
  }
});

Deno.test("after a change to another file with the same model nothing is sent again", async () => {
  const { small } = MODEL_MANIFEST.models.recognition;
  await using made = await peopleWith(2, 1);
  for (const tellsModel of [true, false]) {
    await using fake = startFakeService();
    fake.metrics = "face_it_pool_free 2\nface_it_pool_busy 0\n";
    fake.tellsModel = tellsModel;
    fake.model = small.earlier_prepared_sha256[0]!;
    const journal = createMemoryJournal();
    await enrol(fake, made.people, { journal });
    fake.model = small.prepared_sha256!;
    fake.requests.length = 0;
    const results = await enrol(fake, made.people, { journal });
    assertEquals(outcomes(results), [["known", "known"], ["known"]]);
    // The first photo tells the model.
    assertEquals(photosSent(fake), tellsModel ? 0 : 1);

    // Without the journal, the service knows the photos. A refused one does not change that the person
    // has a template.
    fake.force = (request) => request === "POST /users/p1/templates" ? "face_unclear" : undefined;
    const again = await enrol(fake, made.people);
    assertEquals(outcomes(again), [["known", "known"], ["refused"]]);
    assertEquals(again.map(({ hasTemplate }) => hasTemplate), [true, true]);
    assertEquals([...fake.users.values()].map(({ templates }) => templates.size), [2, 1]);
  }
});

Deno.test("a user who turns out to be gone gets all photos again", async () => {
  await using fake = startFakeService();
  await using made = await peopleWith(3);
  fake.force = (request) => request.startsWith("GET") ? "forbidden_scope" : undefined;
  const journal = createMemoryJournal();
  const [person] = made.people as [PersonToEnrol];
  await enrol(fake, [{ ...person, photos: person.photos.slice(0, 2) }], { journal, keyId: "1" });
  fake.users.clear();
  assertEquals(outcomes(await enrol(fake, made.people, { journal, keyId: "1" })), [
    ["new", "new", "new"],
  ]);
  assertEquals(fake.users.get("p0")!.templates.size, 3);
});

Deno.test("a user who is there keeps the name", async () => {
  await using fake = startFakeService();
  await using made = await peopleWith(1);
  fake.users.set("p0", { name: "Ada", templates: new Map() });
  const [result] = await enrol(fake, made.people);
  assertEquals([result!.keptName, fake.users.get("p0")!.name], ["Ada", "Ada"]);
  assert(!fake.requests.some((request) => request.startsWith("PUT")));
  await assertRejects(
    () => enrol(fake, made.people, { mayHaveOtherName: false }),
    EnrolmentError,
    'has the name "Ada" at the service, not "Person 0"',
  );
  const [{ photos }] = made.people as [PersonToEnrol];
  await assertRejects(
    () => enrol(fake, [{ userId: "new", name: undefined, photos }]),
    EnrolmentError,
    'The user "new" is new and needs a name',
  );
});

Deno.test("files that are no photos are not sent", async () => {
  await using fake = startFakeService();
  await using folder = await temporaryFolder({ secret: "root:x:0:0", gif: "GIF89a" });
  const photos = ["secret", "gif", "missing", ""].map((name) => folder.path(name));
  const [result] = await enrol(fake, [{ userId: "ada", name: "Ada", photos }]);
  assertEquals(result!.photos.map(({ reason }) => reason), [
    "not_a_photo",
    "GIF photo: convert it to JPEG",
    "unreadable",
    "not_a_photo",
  ]);
  assertEquals(fake.requests, ["GET /users/ada"]);
});

Deno.test("a refused photo has the words of the service, and the others are enrolled", async () => {
  await using fake = startFakeService();
  await using made = await peopleWith(3, 1, 1, 1);
  let first = true;
  fake.force = (request) => {
    if (request === "POST /users/p1/templates") return "no_face";
    if (request === "POST /users/p2/templates") return "not_the_same_person";
    if (request === "POST /users/p3/templates") {
      return new Response("<html>", { status: 413 });
    }
    if (request !== "POST /users/p0/templates" || !first) return undefined;
    first = false;
    return "worker_failed";
  };
  const results = await enrol(fake, made.people);
  assertEquals(outcomes(results), [["failed", "new", "new"], ["refused"], ["refused"], [
    "refused",
  ]]);
  assertEquals(results[1]!.photos[0]!.reason, "no_face: No face found, in words");
  assertEquals(results.map(({ hasTemplate }) => hasTemplate), [true, false, true, false]);
});

Deno.test("a busy service is asked again until it has every photo once", async () => {
  await using fake = startFakeService();
  await using made = await peopleWith(4);
  const answers = [
    problem("too_many_requests", { "Retry-After": "30" }),
    problem("no_worker_available", { "Retry-After": "2" }),
    problem("gallery_unavailable", { "Retry-After": "999999" }),
    new Response("Bad gateway", { status: 502 }),
  ];
  fake.force = (request) => request.startsWith("POST") ? answers.shift() : undefined;
  assertEquals(outcomes(await enrol(fake, made.people)), [["new", "new", "new", "new"]]);
  assertEquals([answers.length, photosSent(fake)], [0, 8]);
});

Deno.test("one photo without an answer does not stop the others; two in a row do", async () => {
  await using fake = startFakeService();
  fake.metrics = "face_it_pool_free 2\nface_it_pool_busy 0\n";
  await using made = await peopleWith(3);
  let tries = 0;
  fake.force = (request) =>
    request.startsWith("POST") && ++tries <= 12 ? "no_worker_available" : undefined;
  const [result] = await enrol(fake, made.people);
  assertEquals(result!.photos.map(({ outcome }) => outcome), ["failed", "new", "new"]);
  fake.users.clear();
  fake.force = () => "gallery_unavailable";
  fake.requests.length = 0;
  await assertRejects(
    () => enrol(fake, [...made.people, ...made.people, ...made.people]),
    ServiceError,
    "no longer answers (the answer was 503 gallery_unavailable: Gallery unavailable, in words)",
  );
  assertEquals(fake.requests.length, 24);
});

Deno.test("an answer that every request would get stops the command with one line", async () => {
  await using fake = startFakeService();
  await using made = await peopleWith(...Array<number>(8).fill(3));
  const cases: [() => Response, Options, string][] = [
    [() => problem("unauthorized"), {}, "asks for a key: give one with --key-file"],
    [() => problem("unauthorized"), { key: "k" }, "does not accept the key"],
    [() => problem("gallery_is_static"), {}, "its workers hold the gallery"],
    [() => problem("unknown_host"), {}, "(unknown_host): Unknown host, in words"],
    [() => problem("invalid_request"), {}, "does not fit: 400 invalid_request"],
    [() => new Response("Not found", { status: 404 }), {}, "is not a face-it service"],
    [() => new Response("{}"), {}, "does not fit"],
    [
      () => new Response("", { status: 308, headers: { Location: "http://127.0.0.1:1/" } }),
      {},
      "Photos are sent to no other address",
    ],
  ];
  for (const [answer, options, text] of cases) {
    fake.force = answer;
    fake.requests.length = 0;
    await assertRejects(() => enrol(fake, made.people, options), ServiceError, text);
    assert(fake.requests.length <= 4, `${text}: ${fake.requests.length} requests`);
  }
  fake.force = (request) => request.startsWith("GET") ? undefined : "forbidden_scope";
  await assertRejects(() => enrol(fake, made.people), ServiceError, "the scope enrol or admin");
  fake.users.set("p0", { name: "Person 0", templates: new Map() });
  await assertRejects(
    () => enrol(fake, made.people.slice(0, 1), { allowLookalikes: true }),
    ServiceError,
    "the scope admin",
  );
});

Deno.test("a service that is away is explained", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = new URL(`http://127.0.0.1:${listener.addr.port}`);
  listener.close();
  await using fake = startFakeService();
  await using made = await peopleWith(1);
  const { message } = await assertRejects(() => enrol(fake, made.people, { url }), ServiceError);
  assertMatch(message, /does not answer \(.*refused.*\): check the URL/i);
});

Deno.test("wherever the run ends, the next one finishes: nothing twice, nothing missing", async () => {
  await using made = await peopleWith(3, 2, 3);
  for (let end = 1; end <= 14; end++) {
    await using fake = startFakeService();
    // With one request at a time, no photo is on its way when the run ends.
    fake.metrics = "face_it_pool_free 2\nface_it_pool_busy 0\n";
    const path = made.folder.path(`journal-${end}`);
    let requests = 0;
    fake.force = () => ++requests >= end ? "unauthorized" : undefined;
    {
      using journal = await openJournal(path);
      await enrol(fake, made.people, { journal }).catch((error) => {
        if (!(error instanceof ServiceError)) throw error;
      });
    }
    const stored = storedPhotos(fake);
    fake.force = () => undefined;
    fake.requests.length = 0;
    using journal = await openJournal(path);
    await enrol(fake, made.people, { journal });
    assertEquals(storedPhotos(fake), 8);
    assertEquals(photosSent(fake), 8 - stored, `ended at request ${end}`);
  }
});

const storedPhotos = ({ users }: FakeService) =>
  users.values().reduce((sum, { templates }) => sum + templates.size, 0);
