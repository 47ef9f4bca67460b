import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import sharp, { type Sharp } from "sharp";
import { MatchSchema } from "../../shared/contract/contract.ts";
import { encoded, type Picture, sample } from "../support/pictures.ts";
import type { Answer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { ultraHdr } from "../support/jpeg.ts";
import { Service } from "../support/service.ts";

type Match = ReturnType<typeof MatchSchema.parse>;

/** Memory limit of a worker's container. */
const MEMORY_LIMIT_BYTES = 640 * 1024 * 1024;
/** Size of the pictures that phones of 50 megapixels write. */
const WIDTH = 8192, HEIGHT = 6144;
const SMALL_WIDTH = 1000;

Deno.test("a face in a picture of a 50-megapixel phone is recognised with the memory that a worker has", async () => {
  await using service = await Service.ready({
    POOL_SIZE: "1",
    REQUESTS_PER_WORKER: "100",
    MAX_IMAGE_BYTES: "60000000",
    REQUEST_TIMEOUT_MS: "60000",
    BODY_TIMEOUT_MS: "30000",
  });
  const [worker] = await service.workers();
  const scene = await largeScene();
  const small = await encoded(scene().resize(SMALL_WIDTH).png());
  const { face: { box: expected } } = matchOf(await service.post(small));

  for (const [kind, picture] of await inAllFormats(scene)) {
    const { user_id, face } = matchOf(await service.post(picture), kind);
    assertEquals(user_id, "user1", kind);
    face.box.forEach((value, i) => {
      const inSmall = value * SMALL_WIDTH / WIDTH;
      assertAlmostEquals(inSmall, expected[i]!, 10, `${kind}: ${face.box} for ${expected}`);
    });
  }
  assertEquals(await service.workers(), [worker], "The worker was replaced");
  if (Deno.build.os !== "linux") return;
  const peak = await peakMemory(worker!);
  assert(peak < MEMORY_LIMIT_BYTES, `The worker used up to ${peak} bytes`);
});

Deno.test("a picture that must be decoded as a whole may have fewer pixels", async () => {
  await using service = await Service.ready({ REQUESTS_PER_WORKER: "100" });
  const wall = sharp({ create: { width: 6000, height: 6000, channels: 3, background: "gray" } });
  const wholeCoefficients = wall.jpeg({ progressive: true, chromaSubsampling: "4:4:4" });
  assertProblem(await service.post(await encoded(wholeCoefficients)), "payload_too_large");
  const lossless = wall.resize(WIDTH, HEIGHT).webp({ lossless: true, effort: 0 });
  assertProblem(await service.post(await encoded(lossless)), "payload_too_large");
});

function matchOf({ status, text }: Answer, kind = "small"): Match {
  assertEquals(status, 200, `${kind}: ${text}`);
  return MatchSchema.parse(JSON.parse(text));
}

/** Makes a picture of WIDTH x HEIGHT that shows user1. */
async function largeScene(): Promise<() => Sharp> {
  const face = await sharp(await sample("user1.png")).resize(Math.round(HEIGHT / 3)).toBuffer();
  const blank = sharp({
    create: { width: WIDTH, height: HEIGHT, channels: 3, background: "#89a" },
  });
  const { data, info } = await blank.composite([{ input: face, left: 1800, top: 1500 }]).raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return () => sharp(data, { raw: { width, height, channels } }).removeAlpha();
}

async function inAllFormats(scene: () => Sharp): Promise<[kind: string, Picture][]> {
  /** Rotates the picture and sets its EXIF orientation, as a turned camera does. */
  const turned = (picture: Sharp) => picture.rotate(90).withMetadata({ orientation: 8 });
  const kinds: [string, Sharp][] = [
    ["JPEG", scene().jpeg()],
    ["progressive JPEG", turned(scene()).jpeg({ progressive: true })],
    ["WebP with alpha", turned(scene().ensureAlpha(0.9)).webp({ quality: 50, effort: 0 })],
    ["interlaced PNG", turned(scene()).png({ progressive: true })],
  ];
  const pictures: [string, Picture][] = [];
  for (const [kind, picture] of kinds) pictures.push([kind, await encoded(picture)]);
  const gainMap = await encoded(scene().resize(400).grayscale().jpeg());
  pictures.push(["Ultra HDR", ultraHdr(pictures[1]![1], gainMap)]);
  return pictures;
}

/** Returns the largest memory use of a process so far, in bytes. */
async function peakMemory(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/status`] }).output();
  const status = new TextDecoder().decode(stdout);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}
