// 500 requests of each type of picture to one sealed worker that is kept.

import { assertEquals } from "@std/assert";
import sharp, { type Sharp } from "sharp";
import { isOrdinaryJpeg } from "../../worker/pipeline/jpeg_turbo.ts";
import { labelledPhotos } from "../accuracy/labelled_photos.ts";
import { needs } from "../support/needs.ts";
import { encoded, type Picture } from "../support/pictures.ts";
import { walk } from "../support/walk.ts";
import { lasting, TestWorker } from "./test_worker.ts";

const REQUESTS = 500;
/** Number of photos. Each is sent equally often in each type. */
const PHOTOS = 25;
/** Number of requests that are sent at the same time. */
const AT_ONCE = 8;

/** The types of pictures. Each takes another way through the decoders. */
const TYPES = {
  "JPEG": (photo) => photo.jpeg({ quality: 90 }),
  "JPEG that is turned and has a colour profile": (photo) =>
    photo.rotate(270).withMetadata({ orientation: 6, icc: "p3" }).jpeg(),
  "progressive JPEG": (photo) => photo.jpeg({ progressive: true }),
  "PNG": (photo) => photo.png({ compressionLevel: 1 }),
  "WebP": (photo) => photo.webp({ effort: 0 }),
} satisfies Record<string, (photo: Sharp) => Sharp>;
type Type = keyof typeof TYPES;
const TYPE_NAMES = Object.keys(TYPES) as Type[];

/** One photo in each type, and the answer of a worker without a seal to each. */
type Sent = Record<Type, { readonly picture: Picture; readonly answer: unknown }>;

needs("linux", "photos")(
  `a sealed worker answers ${REQUESTS} requests of each type of picture as an unsealed one`,
  async (t) => {
    const photos = await photosWithOneFace();
    const ordinary = TYPE_NAMES.filter((type) => isOrdinaryJpeg(photos[0]![type].picture));
    assertEquals(ordinary, ["JPEG"], "types that libjpeg-turbo decodes");
    await using sealed = await TestWorker.start([], "service", { REQUIRE_SEAL: "true" });
    for (const type of TYPE_NAMES) {
      await t.step(type, async () => {
        let sent = 0;
        await Promise.all(Array.from({ length: AT_ONCE }, async () => {
          while (sent < REQUESTS) {
            const { picture, answer } = photos[sent++ % photos.length]![type];
            const answered = await sealed.post(picture);
            assertEquals(lasting(answered), answer);
            assertEquals(answered.headers.get("x-worker-seal"), "full");
          }
        }));
        assertEquals(sent, REQUESTS);
      });
    }
  },
);

/** Returns photos for which a worker without a seal finds one face, in each type. */
async function photosWithOneFace(): Promise<Sent[]> {
  await using unsealed = await TestWorker.start(["seal"]);
  const found: Sent[] = [];
  for (const path of (await Array.fromAsync(walk(labelledPhotos().photos))).toSorted()) {
    if (found.length === PHOTOS) break;
    const photo = sharp(await Deno.readFile(path));
    const all = await Promise.all(TYPE_NAMES.map(async (type) => {
      const picture = await encoded(TYPES[type](photo.clone()));
      return [type, { picture, answer: lasting(await unsealed.post(picture)) }] as const;
    }));
    if (all.every(([, { answer }]) => answer.status === 200)) {
      found.push(Object.fromEntries(all) as Sent);
    }
  }
  assertEquals(found.length, PHOTOS);
  return found;
}
