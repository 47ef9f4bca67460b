// Real requests under the seal: every kind of picture that the decoders treat differently.

import { assertEquals } from "@std/assert";
import sharp from "sharp";
import { SEAL_PARTS } from "../../shared/contract/worker_seal.ts";
import { wholePictures } from "../fuzz/whole_pictures.ts";
import { needs } from "../support/needs.ts";
import { encoded, gray, sample, sideBySide, slowPicture } from "../support/pictures.ts";
import { lasting, TestWorker } from "./test_worker.ts";

/** Number of requests that are sent at the same time. */
const AT_ONCE = 8;
/**
 * Requests with each kind of picture; many_requests_test.ts sends more of the usual ones. The gallery
 * of the workers changes nothing in the decoders.
 */
const REQUESTS = { service: 16, workers: 8 };
/** Requests with a picture that is refused, or takes most of a second. */
const FEW_REQUESTS = 4;

/** Pictures, and the pictures of which a few requests are enough. */
async function kinds() {
  const whole = (await wholePictures()).map((picture) => Uint8Array.from(picture));
  const face = sharp(await sample("user1_similar.png")).removeAlpha();
  const large = face.clone().resize(6900, 7000, { kernel: "nearest" });
  return {
    usual: [
      ...whole,
      await sample("user1_similar.png"),
      await encoded(face.clone().withIccProfile("p3").jpeg()),
      await gray(300, 200),
      await sideBySide(),
    ],
    few: [
      ...whole.map((picture) => picture.slice(0, picture.length / 2)),
      await slowPicture(),
      await encoded(large.clone().jpeg({ quality: 50 })),
      await encoded(large.clone().webp({ quality: 30, effort: 0 })),
      new TextEncoder().encode("no picture"),
    ],
  };
}

for (const mode of ["service", "workers"] as const) {
  needs("linux")(`a sealed worker answers as an unsealed one (GALLERY_MODE=${mode})`, async () => {
    await using unsealed = await TestWorker.start(["seal"], mode);
    await using sealed = await TestWorker.start([], mode, { REQUIRE_SEAL: "true" });
    const { seal } = await sealed.ready();
    assertEquals(seal, Object.fromEntries(SEAL_PARTS.map((part) => [part, true])));
    const compare = async (picture: Uint8Array<ArrayBuffer>, requests: number) => {
      const expected = lasting(await unsealed.post(picture));
      for (let sent = 0; sent < requests;) {
        const count = Math.min(AT_ONCE, requests - sent);
        const answers = await Promise.all(
          Array.from({ length: count }, () => sealed.post(picture)),
        );
        for (const answer of answers) {
          assertEquals(lasting(answer), expected);
          const told = answer.headers.get("x-worker-seal");
          assertEquals(told, "full");
        }
        sent += count;
      }
    };
    const { usual, few } = await kinds();
    for (const picture of usual) await compare(picture, REQUESTS[mode]);
    for (const picture of few) await compare(picture, FEW_REQUESTS);
  });
}
